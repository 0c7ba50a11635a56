"""How a consortium begins and grows: the first member, invitations, joining, moving from one operator."""
