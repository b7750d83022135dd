"""What people read, in Chinese and English; facts in braces. Chinese is the original's wording where it has one."""

from typing import Final, Literal

Language = Literal["zh", "en"]

MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "registered": ("注册成功", "Your account is ready"),
    "logged_in": ("登录成功", "You are signed in"),
    "logged_out": ("已退出登录", "You are signed out"),
    "password_changed": ("密码已修改", "Your password is changed"),
    "account_deleted": ("账户已删除", "Your account and its images are deleted"),
    "image_deleted": ("图片删除成功", "The image is deleted"),
    "no_authorization_token": ("需要登录", "Please sign in"),
    "jwt_invalid_or_expired": ("需要登录：登录已过期或无效", "Please sign in again: the session is over"),
    "user_not_found": ("需要登录：账户不存在", "Please sign in: this account no longer exists"),
    "invalid_credentials": ("邮箱或密码错误", "Wrong e-mail address or password"),
    "missing_field": ("请填写所有必填字段：{field}", "Please fill in all required fields: {field}"),
    "invalid_field": ("字段不正确：{field}", "This field is not right: {field} ({expected})"),
    "invalid_email": ("邮箱格式不正确", "This is not a valid e-mail address"),
    "invalid_password": (
        "密码长度应为{min_length}到{max_length}个字符",
        "A password has {min_length} to {max_length} characters",
    ),
    "common_password": ("这个密码太常见，请换一个", "This password is among those tried first; choose another"),
    "invalid_base64": ("图片数据不是有效的base64", "The image data is not valid base64"),
    "damaged_image": ("图片已损坏（{reason}）", "The image is damaged ({reason})"),
    "bad_dimensions": (
        "图片尺寸不支持：{width}×{height}，每边1到{max_side}像素，总共最多{max_pixels:,}像素",
        "The image is {width}×{height} pixels; each side may be 1 to {max_side}, the whole at most {max_pixels:,}",
    ),
    "digest_mismatch": ("图片在传输中改变了，请重新上传", "The image changed on its way; please send it again"),
    "idempotency_key_reused": ("该幂等键已用于另一张图片", "This Idempotency-Key already stands for another image"),
    "bad_json": ("请求不是有效的JSON", "The request is not valid JSON: {reason}"),
    "bad_multipart": ("无法读取上传的表单", "The form cannot be read: {reason}"),
    "cross_site": ("不允许来自其他网站的请求", "Requests from other sites are not allowed"),
    "wrong_password": ("当前密码错误", "The current password is wrong"),
    "not_found": ("图片不存在或已过期", "There is no such image, or it has expired"),
    "route_not_found": ("接口不存在", "There is nothing at this address"),
    "method_not_allowed": ("不支持的请求方法", "This method is not allowed here"),
    "email_taken": ("该邮箱已被注册", "There is already an account with this address"),
    "already_deleted": ("图片已被删除", "This image was deleted"),
    "body_too_large": ("请求内容太大，最大{max_size:,}字节", "The request is too large; at most {max_size:,} bytes"),
    "image_too_large": (
        "图片太大：{size:,}字节，最大{max_size:,}字节",
        "The image is too large: {size:,} bytes, at most {max_size:,} are allowed",
    ),
    "unsupported_media_type": ("不支持的内容类型，请使用{accepted}", "Unsupported content type; use {accepted}"),
    "not_an_image": (
        "不支持的图片格式，请使用PNG、JPEG、WebP、AVIF或GIF",
        "This is not an image we keep; use PNG, JPEG, WebP, AVIF or GIF",
    ),
    "range_not_satisfiable": ("请求的范围超出图片大小", "The range lies outside the image"),
    "quota_exceeded": (
        "最多保存{maxCount}张图片，请删除一张或等到{next_slot_at}",
        "At most {maxCount} images are kept; delete one, or wait until {next_slot_at}",
    ),
    "rate_limited": (
        "操作太频繁，请在{retry_after}秒后重试",
        "Too many requests; please try again in {retry_after} seconds",
    ),
    "too_many_attempts": (
        "密码错误次数太多，请在{retry_after}秒后重试",
        "Too many wrong passwords; please try again in {retry_after} seconds",
    ),
    "internal": ("服务器内部错误", "Something went wrong on the server"),
    "storage_unavailable": ("存储暂时不可用，请稍后重试", "The storage is not available; please try again later"),
    "storage_busy": ("存储繁忙，请稍后重试", "The storage is busy; please try again in a moment"),
    "stored_image_damaged": ("存储的图片已损坏", "The stored image is damaged"),
    "overloaded": ("服务器繁忙，请稍后重试", "The server is busy; please try again in a moment"),
    "not_ready": ("服务未就绪：{reason}", "Not ready: {reason}"),
    "unknown_provider": ("没有这个生成服务：{provider}", "There is no such generator here: {provider}"),
    "allowance_spent": (
        "生成次数已达上限（{limit}），请在{retry_after}秒后重试",
        "You have generated as much as is allowed ({limit}); please try again in {retry_after} seconds",
    ),
    "provider_busy": (
        "生成服务繁忙，请在{retry_after}秒后重试",
        "The generator is busy; please try again in {retry_after} seconds",
    ),
    "provider_failed": ("生成服务出错，请稍后重试", "The generator failed; please try again later"),
    "provider_timeout": ("生成服务没有及时应答", "The generator did not answer in time"),
    "provider_key_rejected": (
        "生成服务拒绝了本站的密钥，请网站管理员检查{setting}",
        "The generator rejects this site's key; its operator should look at {setting}",
    ),
    "provider_unpaid": (
        "本站在生成服务的余额不足，请联系网站管理员",
        "This site's credit with the generator is used up; please tell its operator",
    ),
    "provider_refused": ("生成服务不接受这个请求：{reason}", "The generator does not accept this request: {reason}"),
    "unsafe_prompt": (
        "生成服务认为内容不安全，请修改提示词：{reason}",
        "The generator finds this unsafe; please change the prompt: {reason}",
    ),
    "provider_no_image": ("生成服务没有返回图片", "The generator did not send an image"),
    "provider_no_text": ("模型没有返回提示词", "The model did not send a prompt"),
    "provider_no_audio": ("语音服务没有返回声音", "The speech service did not send any sound"),
    "provider_image_too_large": (
        "生成的图片太大，超过{max_size:,}字节",
        "The generated image is too large: more than {max_size:,} bytes",
    ),
    "text_too_long": (
        "文字太长：{length:,}个字符，最多{max_chars:,}个",
        "The text is too long: {length:,} characters, at most {max_chars:,} are allowed",
    ),
    "tool_off": (
        "本站没有开启此功能，管理员可设置{setting}",
        "This is not set up here; the operator can set {setting}",
    ),
    "storage_full": ("服务器存储空间已满，图片未保存", "The server's storage is full; nothing was stored"),
}


def sentence(code: str, language: Language, **facts: object) -> str:
    """Return the sentence for a code; KeyError when there is none, or when it needs a fact that is not given."""
    return MESSAGES[code][0 if language == "zh" else 1].format(**facts)


def preferred(accept_language: str, default: Language) -> Language:
    """Choose by an Accept-Language header; `default` when it asks for nothing, English when for neither."""
    wishes = sorted(filter(None, map(_wish, accept_language.split(","))), key=lambda wish: -wish[0])
    if not wishes:
        return default
    return next((_known(tag, default) for _, tag in wishes if tag in ("zh", "en", "*")), "en")


def _wish(part: str) -> tuple[float, str] | None:
    tag, _, quality = part.strip().lower().partition(";q=")
    try:
        weight = float(quality or 1)
    except ValueError:
        return None
    return (weight, tag.split("-")[0].strip()) if tag and weight > 0 else None


def _known(tag: str, default: Language) -> Language:
    return "zh" if tag == "zh" else "en" if tag == "en" else default
