//! The wording of refusals in other languages than English: German, French, Spanish, Portuguese,
//! Italian, Chinese, Japanese and Russian.
//!
//! Only whole phrases that name what is wrong: a single word such as "ungültig" is said of many
//! things. Rows are tried from the top.

use super::Category::{
    self, Ambiguous, BadCredentials, Expired, Generic, Locked, Missing, Session,
};
use super::rows::Rows;

#[rustfmt::skip]
const TABLE: &[(Category, &str)] = &[
    (Ambiguous, r"\b(ungültig|abgelaufen|fehl)\w* (oder|bzw\.?) ((ist|wurde|bereits) )?(ungültig|abgelaufen|fehl)"),
    (Ambiguous, r"\b(invalide|expiré|manquant|absent|non valide)\w* ou ((est|a|déjà) )?(invalide|expiré|manquant|absent|non valide)"),
    (Ambiguous, r"\b(inválid|no (es )?válid|expirad|caducad|vencid|ausente|faltante)\w* o ((ha|está|es|ya) )*(inválid|no válid|expirad|caducad|vencid|ausente)"),
    (Ambiguous, r"\b(inválid|expirad|vencid|ausente)\w* ou ((está|é|já) )*(inválid|expirad|expirou|vencid|ausente)"),
    (Ambiguous, r"\b(invalid|non valid|scadut|mancant|assent)\w* o ((è|già) )*(invalid|non valid|scadut|mancant|assent)"),
    (Ambiguous, r"(无效|過期|过期|失效|缺失|無效)或|或(已|者)?(过期|過期|失效|无效|無效|缺失)"),
    (Ambiguous, r"(無効|期限切れ|不正)(か|または|もしくは|、)|(または|もしくは)(無効|期限切れ|不正)"),
    (Ambiguous, r"\b(недейств|невер|просроч|ист[её]к|отсутств)\w* или (\w+ )?(недейств|невер|просроч|ист[её]к|отсутств)"),
    (Locked, r"\b(\w*konto|account|(be)?nutzer|zugang)\b.{0,24}\b(gesperrt|blockiert)|zu viele (\w+ )?\w*versuche"),
    (Locked, r"\bcompte\b.{0,24}\b(verrouillé|bloqué|suspendu)|trop de tentatives"),
    (Locked, r"\b(cuenta|usuario)\b.{0,24}\b(bloquead|suspendid)|demasiados intentos"),
    (Locked, r"\b(conta|usuário|utilizador)\b.{0,24}\b(bloquead|suspens)|(muitas|demasiadas|excesso de) tentativas"),
    (Locked, r"\b(account|utente|utenza)\b.{0,24}\b(bloccat|sospes)|troppi tentativi"),
    (Locked, r"(账号|账户|帐号|帐户|帳號|帳戶|用户|用戶|使用者).{0,6}(锁定|鎖定|冻结|凍結|封禁)|(登录|登入|登錄|密码|密碼|尝试|嘗試).{0,6}(次数|次數)(过多|過多|超限|超过|超過)"),
    (Locked, r"アカウント.{0,8}(ロック|凍結|停止)|試行回数"),
    (Locked, r"\b(уч[её]тн\w+ запис\w+|аккаунт\w*|пользовател\w+)\b.{0,24}\bзаблокирован|слишком много (\w+ )?попыток"),
    (Session, r"\bsitzung\w*\b.{0,20}\b(abgelaufen|ungültig|beendet)|\bsession\b.{0,20}\b(abgelaufen|ungültig)"),
    (Session, r"\bsession\b.{0,16}\b(expiré|terminé)"),
    (Session, r"\bsesión\b.{0,16}\b(expir|caduc|inválid|finaliz|vencid)"),
    (Session, r"\bsessão\b.{0,16}\b(expir|inválid|encerrad)"),
    (Session, r"\bsessione\b.{0,16}\b(scadut|non valid|terminat)"),
    (Session, r"(其他|其它|另一|别的|別的).{0,2}(设备|設備|裝置|终端|終端|地方|浏览器|瀏覽器).{0,4}(登录|登入|登錄|登陆)|异地(登录|登陆)|異地登入|重复登录|被(踢|顶|挤)(下线|出|掉)"),
    (Session, r"(会话|會話|登录|登入|登錄)(状态|狀態|信息)?(已经|已)?(过期|過期|失效|超时|超時)"),
    (Session, r"セッション.{0,8}(切れ|無効|タイムアウト|失効)"),
    (Session, r"\b(сесси\w+|сеанс\w*)\b.{0,16}\b(ист[её]к|недейств|заверш)"),
    (Expired, r"\b(\w*token|jwt)s?\b.{0,24}\babgelaufen|\babgelaufene[rsn]? \w*token"),
    (Expired, r"\b(jeton|token|jwt)\b.{0,24}\b(expiré|périmé)"),
    (Expired, r"\b(token|jwt)\b.{0,24}\b(expirad|caducad|vencid|expir(ó|ou)|caducó)"),
    (Expired, r"\b(token|jwt|gettone)\b.{0,24}\bscadut"),
    (Expired, r"(token|jwt|令牌|凭证|凭据|憑證|權杖|权杖).{0,6}(过期|過期|到期)"),
    (Expired, r"(token|jwt|トークン).{0,10}(期限切れ|期限が切れ|期限を過ぎ)"),
    (Expired, r"\b(token|jwt|токен\w*)\b.{0,24}\b(ист[её]к|просрочен)|срок действия.{0,24}\bист[её]к"),
    (BadCredentials, r"\b(falsche?|ungültige?)[rsn]? (\w+ )?(anmeldedaten|zugangsdaten|passwort|kennwort|benutzername|login)|\b(anmeldedaten|zugangsdaten|passwort|kennwort)\b.{0,20}\b(falsch|ungültig|inkorrekt|nicht korrekt|stimm)"),
    (BadCredentials, r"\b(anmeldung|login|authentifizierung|authentisierung) (ist )?fehlgeschlagen"),
    (BadCredentials, r"\b(identifiants?|mot de passe|nom d.utilisateur|informations d.identification)\b.{0,40}\b(incorrect|invalide|erroné|non valide|inconnu)|\bmauvais (mot de passe|identifiant)|(échec|erreur) (de |d.)(la |l.)?(authentification|connexion)|authentification (a )?échoué"),
    (BadCredentials, r"\b(credenciales|contraseña|usuario)\b.{0,32}\b(incorrect|inválid|no válid|erróne|no son (válid|correct))|(error|fallo) (de|en la) autenticación|autenticación (ha )?fallid|inicio de sesión (incorrecto|fallido)"),
    (BadCredentials, r"\b(credenciais|senha|palavra-passe|usuário|utilizador)\b.{0,32}\b(incorret|inválid|errad|não (são|é) válid)|falha (na|de) autenticação|autenticação falhou"),
    (BadCredentials, r"\b(credenziali|password|nome utente|utente)\b.{0,32}\b(errat|non valid|sbagliat|non corrett|non sono valid)|autenticazione (non riuscita|fallita)"),
    (BadCredentials, r"(用户名|用户|账号|帐号|账户|帳號|使用者名稱|密码|密碼|口令|凭据|憑據).{0,8}(错误|錯誤|不正确|不正確|有误|有誤|不匹配)|(认证|認證|鉴权|登录|登入|登錄|身份验证|身分驗證)(失败|失敗)"),
    (BadCredentials, r"(ユーザー?名|ユーザー? ?ID|ログインID|パスワード|メールアドレス|認証情報|資格情報).{0,12}(正しくありません|正しくない|間違|誤|違い|一致しません|無効|不正)|(認証|ログイン)に失敗"),
    (BadCredentials, r"\b(неверн|неправильн|некорректн)\w+ (имя пользователя|логин|пароль|уч[её]тн\w+ данн|email)|\b(логин|пароль|имя пользователя|уч[её]тные данные)\b.{0,24}\b(неверн|неправильн|некорректн|не совпада|не подход)|ошибка (аутентификации|входа)\b"),
    // What to do is said of every cause.
    (Generic, r"(token|令牌|權杖)(无效|無效)|(无效|無效)的?(token|令牌|權杖)|無効な(トークン|token)|(トークン|token)が無効"),
    (Session, r"bitte.{0,12}\b(erneut|wieder) an|veuillez vous reconnecter|重新(登录|登入|登錄)|再(度)?ログイン"),
    (Missing, r"\b(anmeldung|authentifizierung|authentisierung|login)\b (ist )?(erforderlich|notwendig|nötig)|nicht (angemeldet|eingeloggt|authentifiziert)\b|bitte (\w+ ){0,2}(anmelden|einloggen)|melden sie sich (bitte )?an\b"),
    (Missing, r"\b(authentification|connexion|identification) (est )?(requise|nécessaire|obligatoire)|(veuillez|vous devez) (vous |être )(connect|identifi|authentifi)|\bnon (authentifié|connecté)|\b(jeton|token) (manquant|absent)"),
    (Missing, r"\b(autenticación|inicio de sesión) (es )?(requerid|necesari|obligatori)|se requiere (autenticación|iniciar sesión|inicio de sesión)|debe iniciar sesión|inicie sesión|no (está )?autenticado|token no proporcionado|falta el token"),
    (Missing, r"\b(autenticação|login) (é )?(necessári|obrigatóri|requerid)|faça (o )?login|não (está )?autenticado|token (não (fornecido|informado|enviado)|ausente)"),
    (Missing, r"\b(autenticazione|accesso|login) (è )?(richiest|necessari|obbligatori)|effettua(re)? (il login|l.accesso)|non autenticato|token (mancante|non fornito|assente)"),
    (Missing, r"(请先?|請先?|需要|尚未|未)(登录|登入|登錄|认证|認證|身份验证)|(缺少|未提供)(令牌|token|凭证|凭据|權杖)"),
    (Missing, r"ログイン(が必要|して(ください|下さい)|していません)|認証が必要|未(認証|ログイン)"),
    (Missing, r"(необходим\w*|требу\w+) (авторизаци|аутентификаци|войти|вход)|(авторизаци|аутентификаци)\w+ (обязательн|необходим|требу)|войдите|не аутентифицирован|\b(токен|token) (отсутствует|не (указан|передан|предоставлен))"),
    (Generic, r"nicht autorisiert|zugriff verweigert|ungültige[rsn]? \w*token|\w*token\b.{0,12}\bungültig|non autorisé|accès refusé|(jeton|token) (non valide|invalide)"),
    (Generic, r"no autorizado|acceso denegado|não autorizado|acesso negado|token (inválido|no válido)|non autorizzato|accesso negato|token non valido"),
    (Generic, r"未授权|未經授權|未经授权|(token|令牌|權杖)(无效|無效)|(无效|無效)的?(token|令牌|權杖)|アクセスが拒否|無効な(トークン|token)|(トークン|token)が無効|не авторизован|доступ запрещ[её]н|(недействительн|неверн)ый токен"),
];

pub(super) static ROWS: Rows = Rows::new(TABLE);

/// What one text is about, as far as it is in one of these languages.
pub fn categorise(text: &str) -> Option<Category> {
    ROWS.categorise(text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::diagnosis::lexicon::patterns;

    /// All of the samples below.
    pub fn samples() -> impl Iterator<Item = &'static str> {
        let messages = SAMPLES.iter().flat_map(|(_, samples)| samples.iter());
        messages.chain(SILENT).copied()
    }

    #[rustfmt::skip]
    const SAMPLES: &[(Category, &[&str])] = &[
        (Ambiguous, &[
            "Das Token ist ungültig oder abgelaufen.", "Jeton invalide ou expiré", "Token inválido o expirado",
            "El token no es válido o ha expirado", "Token inválido ou expirado", "Token non valido o scaduto", "token无效或已过期", "令牌无效或过期",
            "トークンが無効または期限切れです", "Токен недействителен или истёк",
        ]),
        (Locked, &[
            "Ihr Konto wurde gesperrt.", "Benutzerkonto ist vorübergehend gesperrt", "Zu viele fehlgeschlagene Anmeldeversuche",
            "Votre compte a été verrouillé", "Compte bloqué", "Trop de tentatives de connexion", "La cuenta está bloqueada",
            "Demasiados intentos fallidos", "Sua conta foi bloqueada", "Muitas tentativas de login", "Account bloccato", "Troppi tentativi di accesso",
            "账号已被锁定", "登录失败次数过多", "アカウントがロックされています", "Учётная запись заблокирована", "Слишком много неудачных попыток входа",
        ]),
        (Session, &[
            "您的账号在其他设备登录", "账号异地登录", "您已被踢下线", "Ihre Sitzung ist abgelaufen", "Votre session a expiré", "La sesión ha expirado", "Sua sessão expirou", "Sessione scaduta",
            "登录已过期，请重新登录", "会话已过期", "セッションの有効期限が切れました", "Сессия истекла",
        ]),
        (Expired, &[
            "Token abgelaufen", "Das Zugriffstoken ist abgelaufen.", "Le jeton a expiré", "Token expiré", "El token ha expirado", "Token expirado",
            "Token caducado", "O token expirou", "Il token è scaduto", "Token scaduto", "token已过期", "令牌已过期", "權杖已過期",
            "トークンの有効期限が切れています", "トークンが期限切れです", "Срок действия токена истёк", "Токен просрочен",
        ]),
        (BadCredentials, &[
            "Benutzername oder Passwort ist falsch", "Falsches Passwort", "Ungültige Anmeldedaten", "Anmeldung fehlgeschlagen", "Login fehlgeschlagen",
            "Nom d'utilisateur ou mot de passe incorrect", "Identifiants invalides", "Échec de l'authentification", "Mot de passe erroné",
            "Usuario o contraseña incorrectos", "Credenciales inválidas", "Error de autenticación", "Usuário ou senha inválidos", "Credenciais inválidas",
            "Senha incorreta", "Credenziali non valide", "Nome utente o password errati", "Autenticazione fallita", "用户名或密码错误", "账号或密码不正确",
            "認證失敗", "身份验证失败", "ユーザー名またはパスワードが正しくありません", "パスワードが間違っています", "認証に失敗しました", "Неверный логин или пароль",
            "Неправильное имя пользователя или пароль", "Ошибка аутентификации",
        ]),
        (Missing, &[
            "Anmeldung erforderlich", "Sie sind nicht angemeldet", "Bitte melden Sie sich an", "Authentification requise", "Veuillez vous connecter",
            "Vous devez être connecté", "Se requiere autenticación", "Debe iniciar sesión", "No autenticado", "Autenticação necessária", "Faça login para continuar",
            "Token não fornecido", "Autenticazione richiesta", "Effettua il login", "Utente non autenticato", "请先登录", "未登录", "需要身份验证", "缺少token", "請先登入",
            "ログインが必要です", "ログインしてください", "認証が必要です", "Требуется аутентификация", "Необходимо войти", "Токен не предоставлен",
        ]),
        (Generic, &[
            "Nicht autorisiert", "Zugriff verweigert", "Ungültiges Token", "Non autorisé", "Accès refusé", "No autorizado", "Token inválido", "Não autorizado",
            "Accesso negato", "未授权", "无效的token", "トークンが無効です", "Доступ запрещён", "Вы не авторизованы",
        ]),
    ];

    /// Speaks of something else than the client's credentials, in the same words.
    const SILENT: &[&str] = &[
        "Ungültige Eingabe",
        "Das Angebot ist abgelaufen",
        "Kontoauszug erforderlich",
        "Paramètre invalide",
        "L'offre a expiré",
        "La oferta ha expirado",
        "Parámetro inválido",
        "O prazo expirou",
        "Ordine scaduto",
        "订单已过期",
        "参数错误",
        "注文の期限が切れました",
        "Неверный формат даты",
        "Заказ просрочен",
    ];

    #[test]
    fn messages_fall_into_their_category_in_any_language() {
        let mut wrong = Vec::new();
        for (category, samples) in SAMPLES {
            for sample in *samples {
                for text in [(*sample).to_owned(), format!("Unauthorized: {sample}")] {
                    let got = patterns::categorise(&text);
                    if got != Some(*category) && !(*category == Ambiguous && got == Some(Generic)) {
                        wrong.push(format!("{text:?}: {got:?} instead of {category:?}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn other_matters_fall_into_none() {
        for text in SILENT {
            assert_eq!(patterns::categorise(text), None, "{text}");
        }
    }
}
