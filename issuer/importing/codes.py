"""Every code that a finding can carry: what it means for its row, and the sentence that says so.

The first three characters are the design's and never change; the words after them are ours. ``A`` form
mended, ``W`` to be confirmed, ``E`` row refused, ``I`` nothing to issue or nothing to do, ``S`` the file as a
whole. The sentences are also message ids: pages translate them, with the same named places.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from issuer.importing.model import Severity


@dataclass(frozen=True)
class Code:
    """One code.

    Attributes:
        name: The whole code.
        severity: What it means for the row.
        text: The sentence, with named places.
        mends: Whether the finding shows the value that is taken instead.
    """

    name: str
    severity: Severity
    text: str
    mends: bool = False


def _autofix(name: str, text: str) -> Code:
    return Code(name, Severity.AUTOFIX, text, mends=True)


def _warn(name: str, text: str, *, mends: bool = False) -> Code:
    return Code(name, Severity.WARN, text, mends=mends)


def _error(name: str, text: str) -> Code:
    return Code(name, Severity.ERROR, text)


_CODES = (
    _autofix("A01_FULLWIDTH", "全角字符已转半角"),
    _autofix("A02_TRIM", "多余的空格或制表符已去除"),
    _autofix("A03_ZEROWIDTH", "看不见的零宽字符已去除"),
    _autofix("A04_NAME_INNER_SPACE", "汉字之间的对齐空格已去除"),
    _autofix("A05_DATE_FORMAT", "日期写法已识别"),
    _autofix("A05_DATE_EXCEL_SERIAL", "Excel 日期序列号已还原为日期"),
    _warn("A05_DATE_TWO_DIGIT_YEAR", "年份只有两位，按 %(date)s 理解，请确认；下次请写四位年份", mends=True),
    _autofix("A06_ID_LOWER_X", "证件号码中的小写字母已转大写"),
    _autofix("A07_UNICODE_FORM", "字符的组合方式已统一（看起来不变）"),
    _autofix("A08_DOT_VARIANT", "间隔号统一为“·”(U+00B7)"),
    _autofix("A09_GENDER_CODE", "性别代码已转换"),
    _autofix("A10_LEVEL_ALIAS", "层次的别名已统一"),
    _autofix("A10_MODE_ALIAS", "学习形式的别名已统一"),
    _autofix("A10_DOCUMENT_ALIAS", "证件类型的别名已统一"),
    _autofix("A10_VALUE_ALIAS", "写法已统一"),
    _autofix("A10_BLANK_WORD", "占位的“%(word)s”按空白处理"),
    _autofix("A11_PAREN_VARIANT", "括号已统一"),
    _autofix("A12_APOSTROPHE", "Excel 的文本前缀已去除"),
    _autofix("A13_CODE_FLOAT", "代码被当作小数，已还原"),
    _autofix("A14_YEARS_TEXT", "学制中的单位已去除"),
    _autofix("A15_NEWLINE", "单元格内的换行已处理"),
    _autofix("A16_SCORE_UNIT", "成绩中的单位“分”已去除"),
    _autofix("A16_UNIT", "数字后的单位已去除"),
    _warn("A17_FORMULA_NEUTRALISED", "以公式字符开头：按纯文本保存，导出时加前缀；请确认内容无误"),
    Code("A18_DUP_ROW_SKIPPED", Severity.SKIP, "与第%(row)s行完全相同，自动跳过"),
    Code("I01_NOT_PASSED", Severity.SKIP, "评定结论为“不合格”，不签发证书，自动跳过"),
    Code("I02_ALREADY_ISSUED", Severity.SKIP, "这张证书已经签发过，内容相同，自动跳过"),
    Code("I03_ALREADY_PENDING", Severity.SKIP, "这张证书已在待复核的批次里，内容相同，自动跳过"),
    _warn("W01_MAJOR_MISMATCH", "专业代码%(code)s对应“%(name)s”，与本列不一致，请核对"),
    _warn("W02_SAME_NAME", "与第%(rows)s行同名而证件号码不同，请确认不是重复录入"),
    _warn("W03_RARE_CHAR", "含生僻字（GB18030 四字节区）：请核对打印字体"),
    _warn("W03_COMPATIBILITY_CHAR", "含兼容汉字，已按标准字形保存，请与身份证件核对", mends=True),
    _warn("W04_EMAIL_MISSING", "无邮箱：将生成领取条，可由班主任发放"),
    _warn("W05_EMAIL_SYNTAX", "邮箱写法不对；请更正，或确认后用领取条发放"),
    _warn("W06_STUDY_SPAN", "入学到毕业约%(span)s年，与学制%(years)s年相差一年以上，请核对"),
    _warn("W07_FOREIGN_DOC", "非居民身份证：不做18位校验，仅检查格式，请核对"),
    _warn("W08_NUMBER_BLANK", "编号为空：确认后，批准时按本单位的编号规则编号"),
    Code("W09_OTHER_LEVEL", Severity.INFO, "同一人在第%(rows)s行另有一张证书"),
    _warn("W10_EXAMINEE_NUMBER", "考生号应为14至18位；此列不签发，请核对"),
    _warn("W10_SCHOOL_CODE", "院校代码应为5位数字；此列不签发，请核对"),
    Code("W11_DOCUMENT_MISSING", Severity.INFO, "无证件号码：证书上没有证件末四位，转换学分时须另行核对本人"),
    _warn("W12_TWO_NAMES", "像是两个人的姓名：每位选手一行一证，请核对"),
    _warn("W12_SAME_TUTOR", "企业导师与学校导师同名，请核对：两位导师职责不同"),
    _warn("W13_MARK_BELOW", "评定低于60分，请确认仍要出具"),
    _warn("W14_HOURS_DENSE", "%(days)s天的期间里记了%(hours)s学时，平均每天超过8学时，请核对"),
    _error("E01_MISSING", "%(column)s为空，请补填"),
    _error("E02_ID_CHECKSUM", "身份证校验码不正确，请与证件原件核对"),
    _error("E03_ID_LENGTH", "身份证号码应为18位，实为%(length)s位，请核对；如是其他证件，请填写证件类型"),
    _error("E03_ID_CHARACTERS", "身份证号码前17位应为数字，末位为数字或X，请核对"),
    _error("E03_DOCUMENT_FORMAT", "证件号码应为5至20位大写字母或数字，请核对"),
    _error("E03_MAJOR_CODE", "专业代码应为6位数字，请核对"),
    _error("E03_CREDIT_CODE", "统一社会信用代码应为18位，请核对"),
    _error(
        "E04_ID_PRECISION_LOST",
        "号码被 Excel 当作数字，末几位可能已丢失：请回到原始数据，把该列“设为文本”后重新导出",
    ),
    _error("E05_DUP_ID", "与第%(rows)s行%(column)s重复，请核对后保留一行"),
    _error("E05_DUP_PERSON", "与第%(rows)s行是同一人的同一证书，请保留一行"),
    _error("E05_ALREADY_ISSUED", "此人的同一证书已经签发（编号%(number)s），请在台账中核对"),
    _error("E06_DUP_CERTNO", "与第%(rows)s行%(column)s重复，请核对"),
    _error("E06_ALREADY_ISSUED", "这个编号已经签发过，而内容不同，请在台账中核对"),
    _error("E06_REVOKED", "这个编号的证书已经撤销，不能再次签发"),
    _error("E07_CERTNO_FORMAT", "证书编号应为18位数字，实为%(length)s位，请核对"),
    _error("E07_CERTNO_CHARACTERS", "编号含有不能使用的字符，或超过100个字，请核对"),
    _error("E08_CERTNO_INCONSISTENT", "证书编号与本行不一致（位次：实为 ≠ 应为）%(why)s，请核对"),
    _error("E09_DATE_INVALID", "没有这个日期，或写法无法识别；请写成 2026-06-30 这样"),
    _error("E09_DATE_INCOMPLETE", "日期不完整，需要年、月、日；请写成 2026-06-30 这样"),
    _error("E09_ID_DATE", "身份证号码第7–14位不是真实的日期，请与证件原件核对"),
    _error("E09_AGE", "按出生日期，年龄不在14至70岁之间，请核对"),
    _error("E10_DATE_ORDER", "入学日期不早于毕业日期，请核对"),
    _error("E10_GRADUATION_FAR", "毕业日期比今天晚60天以上，请核对"),
    _error("E10_AWARD_FUTURE", "发证日期在今天之后，请核对"),
    _error("E10_AWARD_BEFORE_EXAM", "发证日期早于考核日期，请核对"),
    _error("E10_VALIDITY_ORDER", "有效期止不晚于发证日期，请核对"),
    _error("E10_PERIOD_ORDER", "结束日期早于开始日期，请核对"),
    _error("E10_AWARD_BEFORE_END", "出具日期早于结束日期，请核对"),
    _error("E10_AWARD_BEFORE_CONTEST", "发证日期早于比赛日期，请核对"),
    _error("E11_ENUM_UNKNOWN", "%(column)s无法识别，应为：%(expected)s"),
    _error("E12_FORMULA", "单元格是公式或以公式字符（= + - @）开头，不能签发；请粘贴为数值后再导出"),
    _error("E13_NAME_CHARACTERS", "姓名中有数字或不该出现的符号，请与证件原件核对"),
    _error("E13_NAME_LENGTH", "姓名超过50个字，请核对"),
    _error("E13_SEVERAL_NAMES", "一格里有多个姓名：每位选手一行一证，请拆成多行"),
    _error("E13_TEXT_CHARACTERS", "内容过长，或含有不能打印的字符，请核对"),
    _error("E14_REPLACEMENT_CHAR", "含替代字符“%(found)s”，疑似缺字或乱码，请核对原件"),
    _error("E14_EXCEL_ERROR", "单元格是 Excel 的错误值“%(found)s”，请核对原表的公式"),
    _error("E15_SCORE", "成绩应为0至100的数字，请核对"),
    _error("E16_EXTRA_CELLS", "这一行比表头多出单元格，可能有未加引号的逗号，请核对"),
    _error("E17_ID_15", "15位旧身份证号码已停用，请提供18位号码"),
    _error("E20_GENDER_ID_CONFLICT", "性别与身份证第17位不一致，请核对"),
    _error("E21_BIRTH_ID_CONFLICT", "出生日期与身份证第7–14位不一致，请核对"),
    _error("E22_SCHOOL_MISMATCH", "%(column)s不是本单位的（本单位为“%(expected)s”），请核对"),
    _error("E22_SCHOOL_CODE", "院校代码应为5位数字，请核对"),
    _error("E23_CONCLUSION_CONFLICT", "成绩低于60分，与结论“合格”不一致，请核对"),
    _error("E24_LEVEL_CODE_CONFLICT", "证书编码末位表示%(by_code)s，与等级“%(level)s”不一致，请核对"),
    _error("E25_NUMBER_WHOLE", "%(column)s应为%(least)s至%(most)s的整数，请核对"),
    _error("E25_NUMBER_STEP", "%(column)s应为%(least)s至%(most)s之间%(step)s的倍数，请核对"),
    _error("E26_DID", "%(column)s应写成联盟登记的标识，如 did:web:xingheng.example"),
    _error("E26_OWN_ENTERPRISE", "会签企业不能是本单位，请填写合作企业的标识"),
    _error("E27_NEEDED_BY_KIND", "类别为“%(kind)s”时必须填写，请补填"),
    _error("E27_ENTERPRISE_HALF", "企业名称和企业标识要一起填写，请补填"),
    _error("E28_HOURS_PART", "实践学时多于总学时，请核对"),
    _error("E29_URN", "%(column)s应写成 urn:uuid: 开头的标识，请核对"),
    _error("E29_ABOUT", "%(column)s应写成证书的 urn:uuid: 标识或持有人的 did: 标识，请核对"),
    _error("E29_DIGEST", "%(column)s应为 uEi 开头、47位的 SHA-256 摘要，请核对"),
    _error("E29_EVIDENCE_DIGEST", "填写了成果名称，须同时填写成果摘要"),
    _error("E29_AGREEMENT", "%(column)s应写成 urn:vocred:agreement:…#版本号，请核对"),
    _error("E29_RULE", "%(column)s应写成 R1、R2 这样，请核对"),
    _error("E29_UNIT", "%(column)s应写成“学分（16学时/学分）”或“学时”，请核对"),
    _error("E29_ALIGNMENT", "%(column)s应写成“编码 名称”，多个用顿号分开，请核对"),
    _error("E29_ADDRESS", "%(column)s应为 https:// 开头的地址，请核对"),
    _error("E29_RATING_MISSING", "至少要有一项评分（1至5分），请补填"),
)

CODES: Mapping[str, Code] = MappingProxyType({code.name: code for code in _CODES})
"""Every code by its name."""

WHOLE_ROW = "*"
"""The column of a finding about a whole row."""
