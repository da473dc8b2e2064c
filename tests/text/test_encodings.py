"""What is said of bytes that are not the text they should be."""

import codecs
import re

import pytest

from tinylm_keras.text import encodings
from tinylm_keras.text.sources import read

GERMAN = "Der Bäcker öffnete früh die Tür. „Schönes Wetter heute …“, sagte er – und ließ die Möwen über die Straße."
FRENCH = "Les élèves rêvaient déjà de la forêt. Où êtes-vous allés ? Ça va être très drôle, Noël !"
POLISH = "Zażółć gęślą jaźń. W poniedziałek pójdziemy do sklepu, żeby kupić chleb i świeże masło."
RUSSIAN = "Сегодня утром я проснулся рано и пошёл гулять в парк. Там было очень тихо, только птицы пели."
GREEK = "Σήμερα το πρωί ξύπνησα νωρίς και πήγα στο πάρκο. Ήταν πολύ ήσυχα."
SIMPLIFIED = "今天早上她看见那列火车，医生很高兴。我明天去买一本红色的书，学生们很安静。"
TRADITIONAL = "今天早上她看見那列火車，醫生很高興。我明天去買一本紅色的書，學生們很安靜。"
JAPANESE = "先生は今日、新しい本を買いました。猫は庭で花を見ています。テレビも好きです。"
HALF_WIDTH = "ｷｮｳﾊ ﾄﾃﾓ ｲｲ ﾃﾝｷﾃﾞｽ｡ ﾈｺﾊ ﾆﾜﾃﾞ ﾊﾅｦ ﾐﾃｲﾏｽ｡"
KOREAN = "오늘 아침에 나는 일찍 일어나서 공원에 갔다. 그곳은 아주 조용했고 새들만 노래했다."
TALE = "昔々あるところに、おじいさんとおばあさんが住んでいました。おじいさんは山へ柴刈りに行きました。"
TURKISH = "Bir varmış bir yokmuş, küçük bir kız ormanda büyükannesiyle yaşıyordu. Gökyüzü çok güzeldi, İstanbul'da."
HUNGARIAN = "Egyszer volt, hol nem volt, egy kislány az erdőben élt. Az őzek fűvel táplálkoztak."
CZECH = "Byla jednou jedna malá holčička, která žila v lese se svou babičkou. Příliš žluťoučký kůň."
ROMANIAN = "A fost odată o fetiţă care locuia în pădure cu bunica ei. Şi ţările străine."
LITHUANIAN = "Gyveno kartą maža mergaitė, kuri su močiute gyveno miške. Šalia augo žibuoklės ir ąžuolai."
ICELANDIC = "Einu sinni var lítil stúlka sem bjó í skóginum með ömmu sinni. Þar var það fallegt."
HEBREW = "היה היה פעם ילדה קטנה שגרה ביער עם סבתא שלה. יום אחד הגיע זאב גדול."
ARABIC = "كان يا ما كان في قديم الزمان فتاة صغيرة تعيش في الغابة مع جدتها."
UKRAINIAN = "Жила-була маленька дівчинка, яка жила в лісі зі своєю бабусею. Її їжак дуже гарний."

CASES = [
    (GERMAN, "cp1252"),
    ("He waited…\nThen he left – alone.", "cp1252"),
    ("It’s “fine”.", "cp1252"),
    (FRENCH, "latin-1"),
    (GERMAN, "mac-roman"),
    (POLISH, "cp1250"),
    (POLISH, "iso8859-2"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (RUSSIAN, "cp866"),
    (GREEK, "cp1253"),
    (SIMPLIFIED, "gbk"),
    (TRADITIONAL, "big5"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc-jp"),
    (HALF_WIDTH, "cp932"),
    (KOREAN, "euc-kr"),
    (TALE, "shift_jis"),
    (TALE, "euc-jp"),
    (TALE, "iso2022_jp"),
    (SIMPLIFIED, "hz"),
    (TURKISH, "cp1254"),
    (TURKISH, "cp857"),
    (HUNGARIAN, "cp1250"),
    (CZECH, "iso8859-2"),
    (POLISH, "cp852"),
    (ROMANIAN, "cp1250"),
    (LITHUANIAN, "cp1257"),
    (ICELANDIC, "cp1252"),
    (GREEK, "cp737"),
    (HEBREW, "cp1255"),
    (HEBREW, "cp862"),
    (ARABIC, "cp1256"),
    (ARABIC, "iso8859-6"),
    (RUSSIAN, "mac-cyrillic"),
    (UKRAINIAN, "koi8-u"),
    *((text, f"utf-16-{end}") for text in (GERMAN, RUSSIAN, JAPANESE, KOREAN, "to be or not") for end in ("le", "be")),
    ("to be or not", "utf-32-le"),
    (RUSSIAN, "utf-32-be"),
]


@pytest.mark.parametrize("copies", [1, 300], ids=["once", "long"])
@pytest.mark.parametrize(("text", "encoding"), CASES, ids=[f"{encoding}-{text[:6]}" for text, encoding in CASES])
def test_the_encoding_that_is_advised_reads_the_text(tmp_path, text, encoding, copies):
    path, text = tmp_path / "a.txt", "\n".join([text] * copies)
    path.write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=r"`source` must be utf-8 text, but .*a\.txt'") as refused:
        read(path)
    advised = re.search(r"[Tt]ry encoding='([\w-]+)'\.$", str(refused.value))
    assert advised, str(refused.value)
    assert "\n".join(read(path, encoding=advised[1], separator=None)) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(GERMAN.encode(encoding))
    with pytest.raises(ValueError, match=rf"It looks like {encoding}: try encoding='{encoding}'\.$"):
        read(path)


def test_utf_8_that_was_called_something_else_is_recognised(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(JAPANESE.encode())
    with pytest.raises(ValueError, match=r"must be ascii text, .* It looks like utf-8: try encoding='utf-8'\.$"):
        read(path, encoding="ascii")


def test_a_file_of_two_encodings_is_told_with_the_line_and_not_as_one_of_them(tmp_path):
    path = tmp_path / "a.txt"
    lines = [b"the caf\xc3\xa9 is open"] * 3_000 + [b"plain"] * 9_000 + [b"the caf\xe9 is closed"]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError) as refused:
        read(path)
    assert "the byte 0xe9 at offset 108,007, in line 12,001, is not" in str(refused.value)
    assert "Other parts of it are UTF-8, and this looks like cp1252" in str(refused.value)


BINARIES = {
    "a zip archive": b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)),
    "a PDF document": b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\n",
    "an RTF document": b"{\\rtf1\\ansi Hello}",
    "compressed by gzip": b"\x1f\x8b\x08\x00" + bytes(40),
    "compressed by bzip2": b"BZh91AY&SY\x00\x01\x02",
    "compressed by xz": b"\xfd7zXZ\x00\x00\x04",
    "a PNG image": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a JPEG image": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a GIF image": b"GIF89a\x01\x00\x01\x00",
    "an SQLite database": b"SQLite format 3\x00" + bytes(40),
    "a Parquet table": b"PAR1\x15\x04\x15\x00",
    "a tar archive": b"a.txt".ljust(257, b"\0") + b"ustar\x0000",
    "full of control characters": bytes(500),
}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(("what", "content"), BINARIES.items())
def test_what_is_no_text_is_refused_as_what_it_is(tmp_path, what, content, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"`source` must be a text file, but it is {what}"):
        read(path, encoding=encoding)


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1 and PAR2 are lines",
        b"BZh is a name",
        b"ID3 tags",
        b"a\0b\nc",
        b"a\0b\n",
        b"one\fpage",
        b"\x1b[31mred\x1b[0m",
    ],
)
def test_text_that_looks_a_little_like_something_else_is_read(tmp_path, content):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert "\n".join(read(path, separator=None)) == content.decode()


def test_only_a_bounded_part_is_looked_at():
    """What is looked at is the same for a file of any length, also where the first wrong byte is far on."""
    big = b"plain words\n" * 1_000_000 + b"caf\xe9\n" + b"plain words\n" * 1_000_000
    assert encodings.guess(big[12_000_000:]) == "cp1252"
    assert encodings.guess(big) == "utf-8"  # the first 8 KiB


def test_all_names_are_encodings_of_python():
    for text, encoding in CASES:
        found = encodings.guess(text.encode(encoding))
        assert found is None or codecs.lookup(found)
