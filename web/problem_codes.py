"""The one registry of codes: which HTTP status a code means, and what a page says, in Chinese and English.

A code never changes its meaning. The sentences say what happened and what to do, never whose fault it is.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """What a code means to the web.

    Attributes:
        status: The HTTP status.
        zh: The sentence on a Chinese page.
        en: The same in English.
    """

    status: int
    zh: str
    en: str


REGISTRY: dict[str, Entry] = {
    # Requests
    "BAD_REQUEST": Entry(
        400, "请求有误，请返回重试。", "Something is wrong with the request. Please go back and try again."
    ),
    "NOT_FOUND": Entry(404, "没有找到您要的内容。", "We could not find what you asked for."),
    "METHOD_NOT_ALLOWED": Entry(
        405, "此地址不接受这种操作。", "This address does not take that kind of request."
    ),
    "NOT_ACCEPTABLE": Entry(406, "没有您要的格式。", "The format that you asked for is not available."),
    "GONE": Entry(410, "该内容已不再提供。", "This is no longer available."),
    "FORBIDDEN": Entry(403, "您没有进行此操作的权限。", "You are not allowed to do this."),
    "SIGN_IN_REQUIRED": Entry(401, "请先登录。", "Please sign in first."),
    "CONFLICT": Entry(
        409,
        "状态已经变化，请刷新后再试。",
        "Things have changed in the meantime. Please reload and try again.",
    ),
    "UNPROCESSABLE": Entry(
        422, "填写的内容有误，请核对后再试。", "Please check what you entered and try again."
    ),
    "UNSUPPORTED_MEDIA_TYPE": Entry(
        415, "此处不接受这种格式的内容。", "This kind of content is not accepted here."
    ),
    "PAYLOAD_TOO_LARGE": Entry(413, "内容太大，超出了上限。", "That is larger than we accept."),
    "URI_TOO_LONG": Entry(414, "网址太长。", "The address is too long."),
    "HEADERS_TOO_LARGE": Entry(431, "请求头太大。", "The request's headers are too large."),
    "RATE_LIMITED": Entry(
        429, "尝试次数过多，请稍后再试。", "Too many tries. Please wait a moment and try again."
    ),
    "HOST_NOT_ALLOWED": Entry(
        400, "此服务不使用该域名。", "This service does not answer under that host name."
    ),
    "CSRF": Entry(
        403,
        "表单已过期，请返回、刷新页面后重新提交。",
        "The form has expired. Please go back, reload and send it again.",
    ),
    "PARAMETER_POLLUTION": Entry(400, "同一参数出现了多次。", "A parameter is given more than once."),
    "OAUTH": Entry(400, "请求未被接受。", "The request was refused."),
    "REDIRECT_NOT_ALLOWED": Entry(400, "不能跳转到其他网站。", "Links to other sites are not followed."),
    "QUERY_INVALID": Entry(422, "查询条件有误。", "The query cannot be understood."),
    "VERSION_UNSUPPORTED": Entry(400, "不支持该版本。", "That version is not supported."),
    "IDEMPOTENCY_CONFLICT": Entry(
        409, "同一请求编号对应了不同内容。", "The same request key came with other content."
    ),
    "SESSION_INVALID": Entry(
        401, "登录已失效，请重新登录。", "Your session has ended. Please sign in again."
    ),
    "SESSION_ENDED": Entry(401, "登录已失效，请重新登录。", "Your session has ended. Please sign in again."),
    "INTERNAL_ERROR": Entry(
        500,
        "服务出了问题，已经记录下来。请稍后再试。",
        "Something went wrong on our side and was recorded. Please try again later.",
    ),
    # Capacity and faults
    "CONFIG_REFUSED": Entry(503, "服务的设置有误，暂时不可用。", "The service is not set up correctly."),
    "MIGRATION": Entry(
        503, "服务正在升级，请稍后再试。", "The service is being upgraded. Please try again later."
    ),
    "STORAGE_BUSY": Entry(503, "正忙，请稍后再试。", "Busy at the moment. Please try again."),
    "STORAGE_FULL": Entry(
        507, "存储空间已满，已保存的内容不受影响。", "There is no space left. What was saved is safe."
    ),
    "STORAGE_ERROR": Entry(
        503, "暂时无法读写数据，请稍后再试。", "The data cannot be read or written at the moment."
    ),
    "DB_CORRUPT": Entry(
        503, "数据文件损坏，请联系管理员。", "The data file is damaged. Please tell the operator."
    ),
    "CLOCK_SKEW": Entry(
        503,
        "服务器时钟与联盟账本相差过大，暂停签发，请联系管理员。",
        "This server's clock is too far from the ledger's, so nothing is signed. Please tell the operator.",
    ),
    "RESTORE_REFUSED": Entry(409, "该备份不能在此恢复。", "This backup cannot be restored here."),
    "AUDIT_TAMPERED": Entry(
        503, "审计记录被改动，请联系管理员。", "The audit log was changed. Please tell the operator."
    ),
    "RECOVERY_REQUIRED": Entry(
        503, "缺少密钥，需要先恢复。", "A key is missing and has to be recovered first."
    ),
    "BUSY": Entry(503, "正忙，请稍后再试。", "Busy at the moment. Please try again."),
    "VERIFY_TIMEOUT": Entry(503, "核验超时，请稍后再试。", "Checking took too long. Please try again."),
    "SIGNER_UNAVAILABLE": Entry(
        503, "签名服务暂不可用，请稍后再试。", "The signing key is not available at the moment."
    ),
    # Fetching
    "FETCH_FAILED": Entry(
        503, "对方服务没有应答，请稍后再试。", "Another service did not answer. Please try again later."
    ),
    "FETCH_NOT_ALLOWED": Entry(422, "不访问该地址。", "That address is not fetched."),
    "FETCH_REDIRECT": Entry(
        503, "对方服务跳转到别处，没有跟随。", "Another service redirects, which is not followed."
    ),
    "FETCH_LIMIT": Entry(
        503, "对方服务的应答太大或太慢。", "Another service's answer is too large or too slow."
    ),
    "DID_UNAVAILABLE": Entry(
        503, "暂时取不到发证机构的公钥。", "The issuer's keys are out of reach at the moment."
    ),
    # Documents
    "PARSING_ERROR": Entry(400, "这不是完整的 JSON 文件。", "This is not a complete JSON file."),
    "DUPLICATE_KEY": Entry(400, "文件中有重复的字段名。", "The file has a field name twice."),
    "INVALID_NUMBER": Entry(400, "文件中有不能接受的数字。", "The file has a number that is not accepted."),
    "INVALID_UNICODE": Entry(
        400, "文件中有不能接受的字符。", "The file has characters that are not accepted."
    ),
    "JSON_TOO_DEEP": Entry(400, "文件的层次太深。", "The file is nested too deeply."),
    "MALFORMED_VALUE_ERROR": Entry(
        400, "文件中有格式不正确的内容。", "Something in the file has the wrong form."
    ),
    "RANGE_ERROR": Entry(400, "数值超出范围。", "A value is out of range."),
    "INVALID_DATETIME": Entry(400, "日期时间的写法不正确。", "A date or time is not written as it must be."),
    "CONTEXT_NOT_ALLOWED": Entry(
        400, "文件引用了不认识的词汇表。", "The file uses a vocabulary that is not known here."
    ),
    "CONTEXT_HASH_MISMATCH": Entry(
        503, "词汇表文件被改动，服务停止。", "A vocabulary file was changed, so the service stopped."
    ),
    "JSONLD_KEYWORD_NOT_ALLOWED": Entry(
        400, "文件使用了不接受的关键字。", "The file uses a keyword that is not accepted."
    ),
    "BLANK_NODE_NOT_ALLOWED": Entry(
        400, "文件使用了不接受的标识。", "The file uses an identifier that is not accepted."
    ),
    "UNDEFINED_TERM": Entry(400, "文件中有未定义的字段。", "The file has a field that nothing defines."),
    "CANON_LIMIT": Entry(400, "文件过于复杂。", "The file is too complex."),
    "CBOR_NOT_DETERMINISTIC": Entry(400, "数据的编码不正确。", "The data is not encoded as it must be."),
    "COSE_MALFORMED": Entry(400, "签名数据的格式不正确。", "The signed data has the wrong form."),
    "SCHEMA_VIOLATION": Entry(
        400, "内容不符合该类证书的规定。", "The content does not meet the rules for its type."
    ),
    "SCHEMA_REJECTED": Entry(
        400, "证书引用了不接受的规则文件。", "The certificate names a schema that is not accepted."
    ),
    "SCHEMA_NOT_ALLOWED": Entry(
        400, "证书引用了不接受的规则文件。", "The certificate names a schema that is not accepted."
    ),
    "RECORD_INCOMPLETE": Entry(422, "记录缺少必要的内容。", "The record lacks something it needs."),
    "BUNDLE_ERROR": Entry(400, "存证材料的格式不正确。", "The proof material has the wrong form."),
    "PRESENTATION_REQUEST_INVALID": Entry(
        400,
        "对方的出示请求不合规范，没有回应。",
        "The request is not acceptable; nobody was answered.",
    ),
    "PRESENTATION_REPLAYED": Entry(
        409, "这个请求已经回应过，或已过期。", "The request was answered, or is over."
    ),
    "RESPONSE_CODE_REQUIRED": Entry(
        403, "只有出示证书的钱包能看到结果。", "Only the wallet that presented the certificate sees this."
    ),
    "NOT_A_CREDIT_BANK": Entry(404, "本单位不是学分银行。", "This institution is no credit bank."),
    "WITHDRAWN": Entry(422, "这一份已作废，证书未被撤销。", "This copy is void; the certificate stands."),
    "PRESENTATION_RESPONSE_INVALID": Entry(
        400, "出示的内容与请求不符。", "What was presented does not answer the request."
    ),
    "DCQL_MALFORMED": Entry(400, "请求的查询条件有误。", "The request's query cannot be understood."),
    "DCQL_UNANSWERED": Entry(
        400, "出示的内容不是所请求的证书。", "What was presented is not what was asked for."
    ),
    "SHARE_MALFORMED": Entry(400, "分享内容的格式不正确。", "The shared content has the wrong form."),
    "ENDORSEMENT_MALFORMED": Entry(422, "会签的内容不能采信。", "The endorsement does not count."),
    "ENDORSEMENT_MISMATCH": Entry(
        422,
        "会签的不是这份记录现在的内容。",
        "The endorsement is of something else than this record as it stands.",
    ),
    "ENDORSEMENT_UNAVAILABLE": Entry(
        503, "会签暂时无法核对。", "The countersignature could not be checked at the moment."
    ),
    "ENDORSEMENT_WITHDRAWN": Entry(
        409, "会签已撤回。", "The countersignature was withdrawn by the body that had given it."
    ),
    "ENDORSER_NOT_ALLOWED": Entry(
        422,
        "会签单位不对：须由记录所写的企业会签，签发单位不能为自己会签。",
        "That body cannot endorse this: the enterprise that the record names has to, never the issuer.",
    ),
    "COSIGN_LINK_MALFORMED": Entry(
        422,
        "会签链接不完整，请重新打开学校发来的链接。",
        "This link is not complete. Please open the link that the college sent once more.",
    ),
    "DRAFT_UNKNOWN": Entry(
        404,
        "没有这份待会签的记录，或链接已失效，请向学校索取新的链接。",
        "There is no such draft, or its link has been replaced. Ask the college for the current link.",
    ),
    "DRAFT_DECIDED": Entry(
        409,
        "这份记录已经会签、退回或不再等待会签。",
        "This draft has been endorsed or returned, or no longer waits for an endorsement.",
    ),
    "ENDORSEMENT_REFUSED": Entry(
        422,
        "学校没有接受这份会签：签名、状态或内容没有通过核对。",
        "The college did not take the endorsement: its signature, status or content does not check.",
    ),
    "COLLEGE_UNAVAILABLE": Entry(
        503,
        "现在连不上学校的服务或联盟登记，请稍后再试；您填写的内容没有丢失。",
        "The college or the registry cannot be reached. Please try again later; nothing is lost.",
    ),
    "AGREEMENT_MALFORMED": Entry(400, "互认协议的格式不正确。", "The agreement has the wrong form."),
    "AGREEMENT_NOT_CONCERNED": Entry(
        422,
        "本机构既不是该协议的缔约方，也不是其认可的发证方。",
        "This institution is neither a party nor an issuer of that agreement.",
    ),
    "AGREEMENT_SIGNATURE_INVALID": Entry(
        422, "该方的签名与协议文本不符。", "The party's signature does not match the agreement."
    ),
    "AGREEMENT_NOT_SIGNED": Entry(
        409, "还有缔约方没有签署，签齐后才能提案。", "Not every party has signed yet."
    ),
    "AGREEMENT_OFFERS_FULL": Entry(
        503, "待确认的协议太多，请稍后再试。", "Too many offers wait to be confirmed. Please try again later."
    ),
    "HOLDER_PROOF_REFUSED": Entry(
        400,
        "没有通过核对：请求不是由这份证书的持有人刚刚签署的。",
        "This did not check: the request was not signed just now by the certificate's holder.",
    ),
    "NOTICE_MALFORMED": Entry(400, "状态说明无法读取。", "The reason of the status could not be read."),
    "STORE_MALFORMED": Entry(
        503, "证书库的数据不完整。", "The store of sealed certificates is not in order."
    ),
    "SHARE_INVALID": Entry(400, "分享内容的格式不正确。", "The shared content has the wrong form."),
    "SEAL_BROKEN": Entry(400, "密封的内容打不开。", "The sealed content does not open."),
    "IMAGE_REJECTED": Entry(422, "图片不符合要求。", "The picture is not accepted."),
    "QR_REJECTED": Entry(422, "二维码里不是核验链接。", "The QR code holds no link that is opened here."),
    # Keys and proofs
    "WEAK_KEY": Entry(400, "密钥不安全。", "The key is weak."),
    "PRIVATE_KEY_EXPOSED": Entry(400, "不应发送私钥。", "A private key was sent where a public key belongs."),
    "CRYPTOGRAPHIC_SECURITY_ERROR": Entry(
        400, "签名与内容不符。", "The signature does not match the content."
    ),
    "PROOF_VERIFICATION_ERROR": Entry(400, "签名核验未通过。", "The proof could not be verified."),
    "PROOF_TRANSFORMATION_ERROR": Entry(400, "签名无法处理。", "The proof could not be processed."),
    "PROOF_GENERATION_ERROR": Entry(400, "无法签名。", "The document could not be signed."),
    "PROOF_MISSING": Entry(400, "没有签名。", "There is no proof."),
    "PROOF_EXPIRED": Entry(400, "签名已过期。", "The proof has expired."),
    "REQUIRED_PROOF_MISSING": Entry(400, "缺少必要的会签。", "A required co-signature is missing."),
    "ALG_NOT_ALLOWED": Entry(400, "不接受该签名算法。", "That algorithm is not accepted."),
    "INVALID_DOMAIN_ERROR": Entry(400, "出示对象不符。", "It was presented to somebody else."),
    "INVALID_CHALLENGE_ERROR": Entry(400, "出示凭据不符或已用过。", "It was presented for another occasion."),
    "INVALID_DID": Entry(400, "机构标识的写法不正确。", "The identifier is malformed."),
    "INVALID_DID_URL": Entry(400, "密钥标识的写法不正确。", "The key's identifier is malformed."),
    "INVALID_DID_DOCUMENT": Entry(400, "机构的公钥文件不正确。", "The issuer's key document is not correct."),
    "INVALID_VERIFICATION_METHOD": Entry(400, "没有找到对应的公钥。", "The key that signed was not found."),
    "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD": Entry(
        400, "该密钥不能用于这种签名。", "That key is not for this kind of signature."
    ),
    "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT": Entry(
        400, "机构的公钥文件不正确。", "The issuer's key document is not correct."
    ),
    "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID": Entry(
        400, "机构的公钥文件不正确。", "The issuer's key document is not correct."
    ),
    "KEY_REVOKED": Entry(400, "该密钥已停用。", "The key is no longer in use."),
    "KEY_ID_REUSED": Entry(409, "密钥编号重复。", "The key's identifier is already taken."),
    "KEY_ALREADY_REGISTERED": Entry(409, "该密钥已登记。", "The key is already registered."),
    "POP_REQUIRED": Entry(400, "需要证明持有该密钥。", "Possession of the key has to be proved."),
    "HOLDER_BINDING_REQUIRED": Entry(400, "需要持有人本人出示。", "The holder has to present it."),
    "HOLDER_BINDING_INVALID": Entry(400, "持有人证明不成立。", "The holder's proof does not hold."),
    "SUBJECT_MISMATCH": Entry(400, "证书不属于出示人。", "The certificate belongs to somebody else."),
    # Issuers, status, recognition
    "ISSUER_NOT_TRUSTED": Entry(422, "联盟未登记该机构。", "The consortium does not know this body."),
    "ISSUER_NOT_AUTHORIZED_FOR_TYPE": Entry(
        422,
        "联盟未认可该机构签发此类证书。",
        "The consortium does not recognise this body for such certificates.",
    ),
    "ISSUER_NOT_AUTHORIZED_AT_TIME": Entry(
        422, "该机构当时无权签发此类证书。", "The body was not accredited for it at that time."
    ),
    "DUPLICATE_CREDENTIAL_ID": Entry(
        409, "该证书编号已经使用。", "That credential identifier is already in use."
    ),
    "DUPLICATE_CREDENTIAL": Entry(409, "该证书已经签发。", "That certificate has already been issued."),
    "STATUS_RETRIEVAL_ERROR": Entry(503, "暂时取不到状态数据。", "The status could not be fetched."),
    "STATUS_VERIFICATION_ERROR": Entry(400, "状态数据核验未通过。", "The status list could not be verified."),
    "STATUS_LIST_LENGTH_ERROR": Entry(400, "状态数据长度不正确。", "The status list has the wrong length."),
    "STATUS_LIST_LIMIT": Entry(400, "状态数据过大。", "The status list is too large."),
    "STATUS_ISSUER_MISMATCH": Entry(
        400, "状态数据不是该机构签发的。", "The status list is of another issuer."
    ),
    "STATUS_EXPIRED": Entry(503, "状态数据已过期。", "The status list has expired."),
    "STATUS_TYPE_UNKNOWN": Entry(400, "不认识的状态类型。", "The kind of status is not known."),
    "REVOKED": Entry(422, "证书已撤销。", "The certificate has been revoked."),
    "EXPIRED": Entry(422, "证书已过期。", "The certificate has expired."),
    "COULD_NOT_CHECK": Entry(
        503, "暂时无法核验，这不代表证书有问题。", "We could not check; this says nothing against it."
    ),
    "REASON_REQUIRED": Entry(422, "请选择撤销原因。", "Please give the reason."),
    # Codes, slips, links
    "NO_SUCH_CERTIFICATE": Entry(404, "没有这样的证书。", "There is no such certificate."),
    "ABSENCE_NOT_PROVEN": Entry(
        503, "暂时无法核验，这不代表证书有问题。", "We could not check; this says nothing against it."
    ),
    "STORE_UNAVAILABLE": Entry(
        503, "暂时取不到证书库的数据。", "The store of sealed certificates is out of reach."
    ),
    "WALLET_UNAVAILABLE": Entry(
        503,
        "暂时连不上对方的钱包，请稍后再试。",
        "The holder's wallet is out of reach. Please try again later.",
    ),
    "STATUS_NOT_ANCHORED": Entry(503, "账本没有登记该状态数据。", "The ledger knows no such status list."),
    "VERIFIER_ERROR": Entry(
        503, "暂时无法核验，这不代表证书有问题。", "We could not check; this says nothing against it."
    ),
    "CODE_MISTYPED": Entry(
        422, "编码有误，请对照纸面重新输入。", "The code is mistyped. Please compare it with the paper."
    ),
    "WRONG_CODE_KIND": Entry(
        422,
        "这是另一种编码：核验码在证书上，领取码在领取条上。",
        "This code is for another box: one is on the certificate, one on the slip.",
    ),
    "CLAIM_CODE_UNKNOWN": Entry(404, "没有找到这个领取码。", "That claim code was not found."),
    "CLAIM_REFUSED": Entry(
        410,
        "这个领取码不能再领取，请联系发证机构。",
        "This claim code gives nothing. Please contact the issuer.",
    ),
    "REQUEST_ERROR": Entry(400, "无法回应这个请求。", "This request cannot be answered."),
    "REQUEST_UNREADABLE": Entry(422, "这不是出示请求。", "This is not a request to present certificates."),
    "VERIFIER_UNKNOWN": Entry(403, "联盟没有登记请求方。", "The consortium does not know who asks."),
    "REQUEST_OVER": Entry(410, "请求已经过期。", "The request is over."),
    "VERIFIER_UNREACHABLE": Entry(503, "暂时联系不上请求方。", "Who asks does not answer at the moment."),
    "CHOICE_INVALID": Entry(422, "所选证书不能回应这个请求。", "What you chose does not answer the request."),
    "ANSWERED": Entry(409, "这个请求已经回应过。", "This request was answered before."),
    "CONVERSION_ERROR": Entry(422, "这份证书不能换学分。", "This certificate cannot be converted."),
    "NO_AGREEMENT": Entry(
        422,
        "没有生效的协议能把这份证书换成学分。",
        "No agreement in force turns this certificate into credit.",
    ),
    "BANK_UNREACHABLE": Entry(
        503, "暂时联系不上学分银行。", "The credit bank does not answer at the moment."
    ),
    "APPLICATION_REFUSED": Entry(
        422, "学分银行没有收下申请。", "The credit bank did not take the application."
    ),
    "HOLDER_REQUEST_REFUSED": Entry(
        422, "发证单位没有收下这项请求。", "The issuer did not take this request."
    ),
    "CLAIM_DENIED": Entry(403, "发证机构拒绝了这次领取。", "The issuer refused this claim."),
    "SLIP_USED": Entry(
        410,
        "证书已经领取。不是您本人？请联系发证机构。",
        "Already claimed. Not by you? Please contact the issuer.",
    ),
    "SLIP_EXPIRED": Entry(
        410, "领取条已过期，请联系发证机构。", "The slip has expired. Please contact the issuer."
    ),
    "SLIP_LOCKED": Entry(
        410,
        "PIN 输错五次，领取条已锁定，请联系发证机构。",
        "Five wrong PINs: the slip is locked. Please contact the issuer.",
    ),
    "SLIP_VOID": Entry(
        410,
        "这张领取条已作废：或已换发新的领取条，或证书已撤销。请咨询发证单位。",
        "This slip is void: there is a newer one, or the certificate was revoked. Ask the issuing body.",
    ),
    "WRONG_PIN": Entry(422, "PIN 不正确。", "The PIN is wrong."),
    "LINK_EXPIRED": Entry(
        410, "分享链接已过期，请向对方索取新的链接。", "The link has expired. Please ask for a new one."
    ),
    "LINK_REVOKED": Entry(410, "分享已由持有人关闭。", "The holder has closed this link."),
    "CREDENTIAL_REJECTED": Entry(
        422, "收到的证书未通过核验，没有保存。", "The certificate did not pass the checks and was not stored."
    ),
    "OFFER_ERROR": Entry(422, "领取链接无法使用。", "The offer cannot be used."),
    "OFFER_UNREADABLE": Entry(422, "领取链接无法识别。", "The offer cannot be read."),
    "ISSUER_METADATA_MISMATCH": Entry(
        422, "发证机构的地址前后不一致，已停止。", "The issuer's addresses do not agree, so we stopped."
    ),
    "ISSUER_UNKNOWN": Entry(422, "联盟未登记该发证机构。", "The consortium does not know this issuer."),
    "ISSUER_UNREACHABLE": Entry(
        503, "暂时连不上发证机构，请稍后再试。", "The issuer is out of reach. Please try again later."
    ),
    # Accounts and officers
    "ACCOUNT_ERROR": Entry(422, "账户操作未完成。", "That could not be done with the account."),
    "BAD_ACCOUNT_NAME": Entry(422, "账户名不符合要求。", "The account name is not of the form asked for."),
    "ACCOUNT_NAME_TAKEN": Entry(409, "账户名已被使用。", "That account name is taken."),
    "WRONG_PASSPHRASE": Entry(401, "账户名或口令不正确。", "The name or the passphrase is wrong."),
    "WEAK_PASSPHRASE": Entry(422, "口令太短或太常见。", "The passphrase is too short or too common."),
    "PASSWORD_REJECTED": Entry(422, "口令太短或太常见。", "The passphrase is too short or too common."),
    "AUTH_FAILED": Entry(401, "账户名或口令不正确。", "The name or the passphrase is wrong."),
    "TOKEN_INVALID": Entry(401, "凭据无效或已过期。", "The token is not valid or has expired."),
    "TOO_MANY_ATTEMPTS": Entry(
        429, "尝试次数过多，请稍后再试。", "Too many tries. Please wait and try again."
    ),
    "SAME_OFFICER": Entry(403, "此操作需要另一位经办人复核。", "A second officer has to approve this."),
    "SIGN_IN_REFUSED": Entry(401, "用户名或口令不正确。", "The name or the passphrase is wrong."),
    "SIGN_IN_DELAYED": Entry(
        429, "口令输错次数过多，请稍后再试。", "Too many wrong passphrases. Please wait and try again."
    ),
    "PASSPHRASE_REFUSED": Entry(422, "口令太短或太常见。", "The passphrase is too short or too common."),
    "INVALID_ACT": Entry(422, "此操作不能提交，请核对后再试。", "This cannot be submitted as it stands."),
    "FOUR_EYES": Entry(403, "此操作需要另一位经办人复核。", "A second officer has to approve this."),
    "CONSENT_REQUIRED": Entry(403, "需要本人同意。", "The person's consent is needed."),
    "WALLET_ERROR": Entry(422, "钱包操作未完成。", "The wallet could not do that."),
    # Files
    "FILE_REJECTED": Entry(422, "文件不能接受。", "The file is not accepted."),
    "COLUMNS_MISSING": Entry(422, "文件缺少必要的列。", "The file lacks columns that are needed."),
    "PRINTING_CLOSED": Entry(
        409, "批次存证并编入索引后才能打印。", "Printing opens once the batch is anchored and indexed."
    ),
    "ROW_INVALID": Entry(422, "有行不能签发。", "Some rows cannot be issued."),
    "SIGNER_CHANGED": Entry(
        409, "签名密钥已更换，批次已暂停。", "The signing key changed, so the batch is paused."
    ),
    "BATCH_CANCELLED": Entry(409, "批次已取消。", "The batch was cancelled."),
    # Ledger
    "LEDGER_AHEAD": Entry(
        409,
        "账本上的数据比本机新，可能恢复了旧备份，已停止发布。",
        "The ledger is ahead of this database, so nothing is published.",
    ),
    "ISSUER_NOT_REGISTERED": Entry(
        409, "联盟尚未登记该机构。", "The consortium has not registered this body yet."
    ),
    "LEDGER_ERROR": Entry(400, "账本请求有误。", "The ledger refused the request."),
    "LEDGER_UNAVAILABLE": Entry(
        503, "暂时连不上账本，请稍后再试。", "The ledger is out of reach. Please try again later."
    ),
    "LEDGER_TAKEN": Entry(503, "账本正由另一个进程打开。", "Another process has the ledger open."),
    "LEDGER_MOVED": Entry(
        503,
        "账本已由多个成员共同运行，请联系运营者。",
        "Several members run this ledger now. Please ask its operator where it goes on.",
    ),
    "LEDGER_JOINING": Entry(
        409,
        "账本目前不能这样做，未作任何更改。",
        "That cannot be done with this ledger now; nothing was changed.",
    ),
    "LEDGER_FILE_DAMAGED": Entry(422, "账本文件已损坏。", "The ledger file is torn or was changed."),
    "LEDGER_OTHER": Entry(422, "这是另一个账本的文件。", "That belongs to another ledger."),
    "LEDGER_NOT_COVERED": Entry(
        422, "日志有一部分没有足够成员签名。", "Too few members have signed a part of that log."
    ),
    "LEDGER_NO_COMMIT": Entry(
        404,
        "没有可供核对的区块签名：请换一个区块，或先启动节点。",
        "There is no commit to check: name another block, or start the node first.",
    ),
    "LEDGER_AUDIT_FAILED": Entry(
        422, "共识区块的签名不成立。", "A commit of the consensus engine does not hold."
    ),
    "LEDGER_PROOF_INVALID": Entry(422, "账本证明不成立。", "The ledger's proof does not hold."),
    "LEDGER_CHECKPOINT_INVALID": Entry(422, "账本的检查点不成立。", "The ledger's checkpoint does not hold."),
    "LEDGER_INCONSISTENT": Entry(
        503, "账本前后不一致，已停止。", "The ledger contradicts itself, so we stopped."
    ),
    "LEDGER_ROLLBACK": Entry(
        503, "账本退回到旧状态，已停止。", "The ledger went back in time, so we stopped."
    ),
    "LEDGER_QUORUM": Entry(503, "账本签名数量不足。", "Too few members have signed the ledger's state."),
    "LEDGER_NO_QUORUM": Entry(
        503,
        "参与的成员不足，账本暂时不能写入或签署；已有内容仍可查阅和核验。",
        "Too few members take part, so nothing can be written or signed now. The rest goes on.",
    ),
    "LEDGER_SELF_CHECK": Entry(
        503, "账本自检未通过，已停止写入。", "The ledger's own check failed; it takes no entries."
    ),
    "LEDGER_STORE": Entry(503, "账本暂时无法读写。", "The ledger's storage does not answer."),
    "LEDGER_PIN_INVALID": Entry(
        503, "账本的信任起点文件不正确。", "The file that the trust in the ledger starts from is wrong."
    ),
    "LEDGER_STATE_NOT_PROVEN": Entry(422, "账本没有证明该状态。", "The ledger did not prove that state."),
    "EVIDENCE_INVALID": Entry(
        422, "这不能证明有人签署了两份不同的历史。", "This does not show that anybody signed two histories."
    ),
    "LEDGER_RECEIPT_FALSE": Entry(422, "存证回执不成立。", "The receipt does not hold."),
    "LEDGER_UPGRADE_REQUIRED": Entry(
        503,
        "成员已决定升级账本规则，本程序版本过旧，已停止写入。",
        "The members decided on newer rules than this program knows; it takes no entries.",
    ),
    "DOUBLE_SIGN_GUARD": Entry(
        503, "账本拒绝重复签名，已停止写入。", "The ledger refused to sign twice and takes no entries."
    ),
    "ANCHOR_MISMATCH": Entry(422, "存证与证书不符。", "The receipt belongs to something else."),
    "ANCHOR_ISSUER_MISMATCH": Entry(
        422, "存证不是发证机构提交的。", "The receipt was not made by the issuer."
    ),
    "ISSUER_NOT_ACCREDITED": Entry(
        422, "该机构当时无权签发此类证书。", "The body was not accredited for it at that time."
    ),
    "ISSUER_SUSPENDED": Entry(422, "该机构当时被暂停。", "The body was suspended at that time."),
    "ISSUER_KEY_COMPROMISED": Entry(422, "签名密钥当时已失窃。", "The signing key was stolen by then."),
    "TX_TIME": Entry(
        422, "提交的时间不在允许范围内。", "The statement's time is outside the allowed window."
    ),
    "TX_DUPLICATE": Entry(409, "已经提交过。", "That was submitted before."),
    "TX_WRONG_CHAIN": Entry(422, "提交给了另一条账本。", "That statement is for another ledger."),
    "TX_MALFORMED": Entry(400, "提交的内容格式不正确。", "The statement has the wrong form."),
    "TX_UNAUTHORIZED": Entry(403, "提交者没有权限。", "The submitter may not do this."),
    "TX_SIGNATURE": Entry(403, "签名不成立。", "The statement's signature does not hold."),
    "TX_UNKNOWN_KEY": Entry(403, "账本没有登记这把密钥。", "The ledger does not know that key."),
    "TX_ROLE": Entry(403, "这把密钥不能签这种内容。", "That key may not sign this kind of statement."),
    "TX_SEQUENCE": Entry(409, "序号不是下一个。", "The statement's number is not the next one."),
    "TX_ORDER": Entry(
        409, "提交的次序不对，请重新提交。", "The statement came out of order. Please submit again."
    ),
    "NOT_A_MEMBER": Entry(403, "不是联盟成员。", "Only members may do this."),
    "NOT_PERMITTED": Entry(403, "账本的规则不允许。", "The ledger's rules do not allow it."),
    "NOT_ACCREDITED": Entry(403, "该机构目前无权签发。", "The body is not accredited at present."),
    "ALREADY_USED": Entry(409, "该标识或编号已经使用过。", "That identifier or number has been used before."),
    "QUOTA": Entry(422, "已达到数量上限。", "A limit on numbers has been reached."),
    "UNKNOWN": Entry(422, "账本没有相应的记录。", "The ledger has no such record."),
    "KEY_POSSESSION": Entry(422, "没有证明持有该密钥。", "Possession of the key was not proved."),
    "KEY_IN_USE": Entry(409, "该密钥已有登记。", "That key is registered already."),
    "PROPOSAL_LIMIT": Entry(422, "待表决的提案已达上限。", "There are too many open proposals."),
    "STATUS_VERSION": Entry(409, "状态版本不是下一个。", "The status version is not the next one."),
    "LEDGER_RECORD_UNKNOWN": Entry(
        503, "账本的记录格式较新，请升级。", "The ledger's record is of a newer kind. Please upgrade."
    ),
    "GOVERNANCE_KEY": Entry(422, "治理密钥无法使用。", "The governance key cannot be used."),
    "GOVERNANCE_KEY_MISSING": Entry(
        409, "本单位还没有治理密钥，请先创建。", "There is no governance key here yet. Make one first."
    ),
    "GOVERNANCE_KEY_EXISTS": Entry(
        409, "本单位已有治理密钥，没有改动。", "There is a governance key already; nothing was changed."
    ),
    "GOVERNANCE_PASSPHRASE": Entry(
        422, "治理口令不正确，请重新输入。", "That is not the governance passphrase. Please try again."
    ),
    "GOVERNANCE_DELAYED": Entry(
        429,
        "治理口令输错次数过多，请稍后再试。",
        "Too many wrong governance passphrases. Please wait and try again.",
    ),
    "GOVERNANCE_UNDER_WAY": Entry(
        409,
        "上一次签名还没有得到账本的回应，请稍后再试。",
        "The last signed act still waits for the ledger. Please try again in a moment.",
    ),
    "MIRROR_NOT_PERMITTED": Entry(
        403,
        "账本没有点名这份内容，也没有登记机构为它签名，节点不予保存。",
        "The ledger does not name this, and no registered body signed for it, so it is not kept here.",
    ),
    "DRY_RUN_INVALID": Entry(
        422,
        "试算结果不成立：签名、协议或账本不符。",
        "The dry run does not count: its signature, agreement or ledger is another.",
    ),
    "COUNTS_INVALID": Entry(
        422,
        "统计不成立：签名、月份或账本不符。",
        "The counts do not count: their signature, month or ledger is another.",
    ),
    "VOTE_INVALID": Entry(422, "这一票不成立。", "The vote is not valid."),
    "QUORUM_NOT_MET": Entry(422, "票数不足。", "There are not enough votes."),
    "PII_ON_LEDGER": Entry(422, "账本上不得有个人信息。", "Nothing about a person goes on the ledger."),
    "STATE_BEHIND_LEDGER": Entry(
        503, "本机数据比账本旧，请先恢复。", "The local data is older than the ledger."
    ),
}
"""Every code that an answer may carry."""
