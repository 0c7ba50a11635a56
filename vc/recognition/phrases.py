"""Small parts of sentences in both languages."""

from collections.abc import Sequence

from vc.recognition.model import Text


def pair(zh: str, en: str) -> Text:
    """Return a text of its two languages."""
    return {"zh-CN": zh, "en": en}


def plain(text: str) -> Text:
    """Return what reads alike in both languages: a code, a number, a day."""
    return {"zh-CN": text, "en": text}


def both(templates: tuple[str, str], **parts: Text) -> Text:
    """Fill two templates with the parts' own languages."""
    return {
        language: template.format(**{key: part[language] for key, part in parts.items()})
        for language, template in zip(("zh-CN", "en"), templates, strict=True)
    }


def joined(*texts: Text) -> Text:
    """Put texts behind one another; they bring their own spaces and stops."""
    return {language: "".join(text[language] for text in texts) for language in ("zh-CN", "en")}


def listed(texts: Sequence[Text], *, mark: str = "、", last: str = "and") -> Text:
    """Return a list in words: A、B、C, and A, B or C.

    Args:
        texts: The items, one or more.
        mark: What stands between items in Chinese; after ``；`` English has a semicolon too.
        last: The English word before the last item.
    """
    zh = mark.join(text["zh-CN"] for text in texts)
    words = [text["en"] for text in texts]
    if mark == "；" or len(words) == 1:
        return {"zh-CN": zh, "en": "; ".join(words)}
    return {"zh-CN": zh, "en": f"{', '.join(words[:-1])} {last} {words[-1]}"}
