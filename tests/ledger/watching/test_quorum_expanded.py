"""Three signatures of four expand to three standard receipts; threads collect by themselves."""

import threading
import time

import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.proof.bundle import Bundle, expand, transparent_statement
from ledger.proof.receipts import read_signature
from tests.ledger.watching.anchored_life import anchor, register
from tests.ledger.watching.many_nodes import ManyNodes
from web.errors import StorageFullError

SECONDS = 20.0


def pem_of(world, did):
    raw = world.party(did).key("receipt").public.raw
    return Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


def test_an_independent_library_accepts_the_receipts_of_three_of_four(tmp_path):
    world = ManyNodes(tmp_path)
    issuer = register(world)
    world.nodes[1].up = False
    world.nodes[0].collect(2)
    form = anchor(world, issuer, "form", client=world.client(0))
    bundle = Bundle.decode(form.receipt)
    members = [read_signature(signature).member for signature in bundle.signatures]
    assert members == [world.parties[number].did for number in (0, 2, 3)]
    for member, receipt in zip(members, expand(bundle), strict=True):
        result = scitt_cose.verify_receipt(
            receipt, leaf_entry_hex=bundle.entry.hex(), log_public_key_pem=pem_of(world, member)
        )
        assert result.ok, result.errors
        assert (result.issuer, result.subject) == (member, world.chain_id)
        other = world.parties[1].did
        assert not scitt_cose.verify_receipt(
            receipt, leaf_entry_hex=bundle.entry.hex(), log_public_key_pem=pem_of(world, other)
        ).ok
    assert len(scitt_cose.extract_receipts(transparent_statement(bundle))) == 3
    world.close()


def eventually(condition):
    """Wait until something holds, for twenty seconds at most."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def run(world):
    """Start every node's thread; return what stops and joins them."""
    stop = threading.Event()
    threads = [threading.Thread(target=node.quorum.run, args=(stop,)) for node in world.nodes]
    for thread in threads:
        thread.start()

    def end():
        stop.set()
        for thread in threads:
            thread.join(SECONDS)
        assert not any(thread.is_alive() for thread in threads)

    return end


def withhold(world, sizes):
    """Have every node but the first wait with its signature, as before the next block's header."""
    for node in world.nodes[1:]:
        node.engine.withheld = sizes


def test_threads_collect_without_being_asked(tmp_path):
    world = ManyNodes(tmp_path, patience=SECONDS)
    end = run(world)
    try:
        size = world.nodes[0].engine.head.size
        eventually(lambda: all(node.watch.store.is_complete(size) for node in world.nodes))
    finally:
        end()
        world.close()


def test_a_reader_waits_for_the_heads_quorum(tmp_path):
    world = ManyNodes(tmp_path, patience=SECONDS)
    end = run(world)
    try:
        node, found = world.nodes[0], []
        complete = node.engine.head.size
        eventually(lambda: node.watch.store.is_complete(complete))
        withhold(world, {complete + 2})
        world.accept(node.did, "endpoint.put", {"node": node.url, "mirror": None, "receipts": None})

        def read():
            with node.engine.reader() as reader:
                found.append(node.quorum.newest(reader))

        reading = threading.Thread(target=read)
        reading.start()
        withhold(world, set())
        reading.join(SECONDS)
        assert found == [complete + 2]  # whoever does not wait is answered with the older one
    finally:
        end()
        world.close()


def test_readers_wait_for_one_head_no_longer_than_once(tmp_path):
    world = ManyNodes(tmp_path, patience=0.2)
    node = world.nodes[0]
    with node.engine.reader() as reader:
        node.quorum.newest(reader)
        begun = time.monotonic()
        for _ in range(50):
            node.quorum.newest(reader)
        assert time.monotonic() - begun < SECONDS / 4
    world.close()


def test_a_node_that_hangs_keeps_nobody_waiting(tmp_path):
    asking = []

    def spawn(act):
        asking.append(threading.Thread(target=act))
        asking[-1].start()

    world = ManyNodes(tmp_path, patience=SECONDS, spawn=spawn)
    hanging = threading.Event()
    world.nodes[1].lie = lambda _method, _path: hanging.wait(SECONDS) and None
    end = run(world)
    try:
        node = world.nodes[0]
        eventually(lambda: node.watch.store.is_complete(node.engine.head.size))
    finally:
        hanging.set()
        end()
        for thread in asking:
            thread.join(SECONDS)
        world.close()


def test_a_disk_that_is_full_for_a_while_ends_no_thread(tmp_path, caplog):
    world = ManyNodes(tmp_path, patience=SECONDS)
    node, failing = world.nodes[0], [True]
    put = node.watch.store.put_checkpoint

    def full(*arguments, **named):
        if failing:
            failing.pop()
            raise StorageFullError("the disk is full")
        put(*arguments, **named)

    node.watch.store.put_checkpoint = full
    node.quorum._goals.clear()
    end = run(world)
    try:
        eventually(lambda: node.watch.store.is_complete(node.engine.head.size))
    finally:
        end()
        world.close()
    assert "signatures not collected" in caplog.text
