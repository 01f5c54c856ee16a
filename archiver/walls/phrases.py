"""What walls say and load, in tables: English, German, French, Spanish, Italian, Portuguese and Japanese.

Each line is a regular expression over text that `folded` made, which begins and ends where words do, but for
lines of Japanese, which has no spaces; a tilde is up to eight words. Addresses are seen in lower case.
"""

from __future__ import annotations

import re
import unicodedata

_SPACELESS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"))


def folded(text: str) -> str:
    """*text* as it is compared: NFKC, case folded, apostrophes straight, white space single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES).split())


def _any(table: str) -> re.Pattern[str]:
    """One expression for all lines of *table*."""
    lines = [line.strip().replace(" ~ ", r"(?: [\w']+){0,8} ") for line in table.splitlines() if line.strip()]
    bounded = "|".join(line for line in lines if not _SPACELESS.search(line))
    within = "|".join(line for line in lines if _SPACELESS.search(line))
    return re.compile("|".join(part for part in (bounded and rf"(?<!\w)(?:{bounded})(?!\w)", within) if part))


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A challenge, by what only the page in an article's place comes with.

CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action", "x-vercel-mitigated", "x-sucuri-block")
CHALLENGE_ADDRESSES = re.compile(
    r"/cdn-cgi/challenge-platform/\S*orchestrate/(?!chl_api)|\b__cf_chl_\w*tk"
    r"|//(?:\w+\.)?captcha-delivery\.com/"
    r"|/_sec/cp_challenge/"
    r"|/_incapsula_resource\?(?:\S*&)?(?:swudnsai|cwudnsai|swcnghec|swhanedl)="
    r"|//captcha\.(?:px-cdn|px-cloud|perimeterx)\.net/|/captcha/captcha\.js\?a=c&"
    r"|\.captcha(?:-sdk)?\.awswaf\.com/"
    r"|/\.within\.website/x/cmd/anubis/"
    r"|//check\.ddos-guard\.net/|/\.well-known/ddos-guard/"
    r"|/\.well-known/vercel/security/"
    r"|//validate\.perfdrive\.com/"
    r"|/149e9513-01fa-4fb0-aad4-566afd725d1b/\S*/ips\.js"
    r"|/_fs-ch-\w+/"
    r"|/\.well-known/\.git\.gammaspectra\.live/git/go-away/"
)
CHALLENGE_SCRIPTS = re.compile(
    r"\b_cf_chl_(?:opt|ctx)\b|\bgokuprops\s*=|\bsucuri_cloudproxy_js\b|\breeseskipexpirationcheck\b|\bslowaes\b"
    r"|\bawswafintegration\.checkforcerefresh\b"
)
CHALLENGE_IDS = _set(
    "cf-challenge-running cf-please-wait px-captcha sec-if-cpt-container sec-cpt-if anubis_challenge"
    " anubis_version ddg-captcha"
)

# Guards, whose sensors stand in articles too: a page with one of these and nothing else is theirs.

GUARD_ADDRESSES = re.compile(
    r"/_incapsula_resource\?|\.awswaf\.com/|/tspd/\?|/149e9513-01fa-4fb0-aad4-566afd725d1b/|\.perimeterx\.net/"
)
GUARD_SCRIPTS = re.compile(r"\bkpsdk\b|\bbobcmn\b|\bbmak\b|\b_pxappid\b|\bddjskey\b|\bwinsocks\b|\brbzns\b")

# What challenges say: of themselves, by a name that may be something else's, and in passing.

CHALLENGE_NAMES = _any(
    r"""
    attention required
    access to this page (?:has been |is )?(?:denied|blocked)
    (?:sorry,? )?you have been blocked
    (?:please )?(?:verify|verifying|confirm|prove) (?:that )?you(?:'re| are) (?:(?:a )?human|not a (?:ro)?bot)
    (?:are you|you(?:'re| are) not) (?:a )?(?:human|robot|bot)|robot or human|prove your humanity
    (?:human|bot|robot|security|browser) (?:verification|check|checkpoint|manager captcha)|client challenge
    (?:checking|verifying) (?:your|the) (?:browser|connection)
    pardon (?:our|the) interruption
    request (?:has been |was )?(?:unsuccessful|blocked|rejected)
    unusual (?:traffic|activity)(?: detected)?
    ddos-guard|you are being redirected
    sicherheits(?:überprüfung|prüfung|abfrage|kontrolle|check)
    (?:überprüfung|prüfung) (?:ihres|deines) browsers
    (?:bestätigen sie|bestätige),? dass (?:sie|du) (?:ein mensch|kein (?:ro)?bot(?:er)?) (?:sind|bist)
    (?:sind sie|bist du) (?:ein mensch|ein (?:ro)?bot(?:er)?)
    zugriff auf diese seite (?:wurde )?(?:verweigert|blockiert|gesperrt)
    vérification (?:de sécurité|de votre navigateur|que vous êtes (?:un )?humain)
    (?:vérifie|confirme|prouve)[rz]? que vous (?:êtes (?:un |bien )?humain|n'êtes pas un robot)
    (?:êtes-vous|vous n'êtes pas) un (?:robot|humain)
    l'accès à cette page (?:a été |est )?(?:refusé|interdit|bloqué)
    (?:verificación|comprobación|control) de seguridad
    (?:comprobando|verificando) (?:su|tu|la) (?:conexión|navegador)
    (?:comprueb[ae]|verifi(?:ca|que)|confirm[ae]) que (?:no )?(?:eres|es) (?:un )?(?:humano|robot)
    (?:verifica|controllo) (?:di sicurezza|del browser)
    (?:verifica|conferma|dimostra) (?:di (?:non )?essere|che (?:non )?sei) (?:un )?(?:umano|robot)
    verificação de segurança
    (?:verifi(?:que|car|cando)|confirm[ae]|prov[ae]) (?:se |que )?(?:você )?(?:é (?:um )?humano|não é um robô)
    人間であることを(?:確認|証明)
    セキュリティ(?:チェック|確認|検証)
    ロボットでは(?:ない|ありません)
    ロボットですか
    """
)
CHALLENGE_VAGUE = _any(
    r"""
    just a moment|one more step|please wait|before (?:we|you) continue|access (?:denied|blocked)|captcha
    (?:nur )?einen (?:augenblick|moment)|bitte warten|zugriff (?:verweigert|blockiert|gesperrt)
    ich bin (?:ein mensch|kein (?:ro)?bot(?:er)?)
    (?:un|encore un) (?:instant|moment)|(?:veuillez|merci de) patienter|accès (?:refusé|interdit|bloqué)
    je ne suis pas un (?:robot|humain)|vérification(?: en cours)?
    (?:un|solo un) momento|espere,? por favor|acceso (?:denegado|bloqueado|restringido)|no soy un robot
    (?:solo )?un (?:attimo|momento)|attendere(?: prego)?|accesso (?:negato|bloccato)|non sono un robot
    (?:só )?um momento|aguarde(?: um momento)?|acesso (?:negado|bloqueado)|não sou um robô
    しばらくお待ちください
    アクセスが(?:拒否|制限|ブロック)されました
    認証
    """
)
CHALLENGE_TEXT = _any(
    r"""
    (?:verify|verifying|confirm|prove|check) (?:that )?you(?:'re| are) (?:(?:a )?human|not a (?:ro)?bot)
    (?:sure|know) (?:that )?you(?:'re| are) not a (?:ro)?bot|requests,? and not a robot
    made us think (?:that )?you (?:are|were) a bot|using automation tools
    (?:press|click|activate) (?:&|and) hold
    unusual (?:traffic|activity|requests) (?:coming )?from your
    you have been blocked
    checking (?:your browser|if the site connection is secure)
    review the security of your connection|request blocked|verifies you are not a bot
    enable javascript and cookies to continue|enable js and disable any ad ?blocker
    incapsula incident id|the requested url was rejected|your support id is
    (?:complete|solve) (?:the|this) (?:security check|captcha)
    (?:don't|do not) have permission to access \S+ on this server
    dass (?:sie|du) (?:ein mensch|kein (?:ro)?bot(?:er)?) (?:sind|bist)
    ungewöhnliche[nr]? (?:datenverkehr|zugriffe|aktivitäten?)
    que vous (?:êtes (?:un |bien )?humain|n'êtes pas un robot)
    (?:trafic|activité) (?:inhabituel(?:le)?|anormale?)|désactiver tout bloqueur de publicité
    vérifier la sécurité de votre connexion
    que (?:no )?(?:eres|es|sea) (?:un )?(?:humano|robot)
    (?:tráfico|actividad) (?:inusual|sospechos[ao])
    (?:di (?:non )?essere|che (?:non )?sei) (?:un )?(?:umano|robot)
    (?:traffico|attività) (?:insolit[oa]|anomal[oa]|sospett[oa])
    que (?:você )?(?:é (?:um )?humano|não é um robô)
    (?:tráfego|atividade) (?:incomum|suspeit[oa])
    人間であることを(?:確認|証明)
    接続のセキュリティ
    ロボットでは(?:ない|ありません)
    通常と異なるトラフィック
    """
)
CAPTCHAS = re.compile(
    r"/recaptcha/|\.hcaptcha\.com/|//challenges\.cloudflare\.com/|\.arkoselabs\.com/|\.geetest\.com/"
    r"|//smartcaptcha\.|\.friendlycaptcha\.com/|//(?:\w+\.)?mtcaptcha\.com/"
)

# What a page that asks for consent speaks of, one thing an expression, and what its button says.

CONSENT_TOPICS = (
    _any(
        r"""
        cookies?(?:-\w+)?|identifiers|identifiants?|identificadores|identificatori|kennungen
        クッキー
        cookie(?:を|の)
        """
    ),
    _any(
        r"""
        (?:our|and) (?:\d+ )?(?:partners|vendors)|third parties|unsere (?:\d+ )?partner|drittanbietern?
        nos (?:\d+ )?partenaires|nuestros (?:\d+ )?socios|nostri (?:\d+ )?partner|terze parti
        nossos (?:\d+ )?parceiros
        パートナー
        """
    ),
    _any(
        r"""
        personal(?:i[sz]ed)? (?:data|information|ads|advertising|content)|profiling
        personenbezogene[nr]? daten|personalisier\w+|nutzungsprofil\w*
        données (?:à caractère )?personnelles
        (?:publicités?|contenus?)(?: et contenus?)? personnalisée?s?
        datos personales|(?:publicidad|anuncios) personalizad\w+
        dati personali|(?:annunci|pubblicità) personalizzat\w+|profilazione
        dados pessoais|(?:publicidade|anúncios)(?: e conteúdos?)? personalizad\w+
        パーソナライズ
        個人(?:データ|情報)
        """
    ),
    _any(
        r"""
        consent|your (?:privacy )?choices|einwilligung|zustimmung|stimmen sie|zuzustimmen
        consentements?|vie privée|consentimiento|consenso|acconsent\w+|consentimento
        privacy|privacidade?|privatsphäre
        同意
        """
    ),
    _any(
        r"""
        (?:werbe)?tracking|tracciamento|rastreo|rastreamento|suivi publicitaire|targeted ads
        (?:with|mit|ohne|avec|sans|con|senza|sin|com|sem) (?:ads|advertising|werbung|publicités?)
        (?:with|mit|ohne|avec|sans|con|senza|sin|com|sem) (?:publicidade?|pubblicità|anúncios|anuncios)
        トラッキング
        """
    ),
)
ACCEPT = _any(
    r"""
    (?:i )?(?:accept|agree|consent)(?: to)?(?: all)?(?: cookies)?(?: (?:and|&) (?:continue|close|proceed))?
    (?:yes,? )?i(?:'m| am) (?:happy|ok)|(?:allow|accept) all(?: cookies)?|got it
    (?:ich )?(?:alle[ns]? )?(?:cookies )?(?:akzeptiere[nr]?|zustimmen|stimme zu|annehmen|zulassen)
    einverstanden
    (?:akzeptieren|zustimmen|einwilligen) (?:und|&) (?:weiter\w*|fortfahren|schließen)
    (?:tout |j')?accepte[rz]?(?: (?:tout|et (?:fermer|continuer)|les cookies))?
    aceptar(?: (?:todo|todas|y (?:continuar|cerrar)|(?:las )?cookies))*|acepto
    accett[ao](?: (?:tutto|tutti|e (?:continua|chiudi|prosegui)|(?:i )?cookie))*|acconsento
    aceitar(?: (?:tudo|todos|e (?:continuar|fechar)|(?:os )?cookies))*|concordo
    同意(?:する|して)
    (?:許可|受け入れ)(?:する|る)
    """
)
CONSENT_ADDRESS = re.compile(
    r"//(?:consent|cmp|privacy|guce|cookies?)\.|/(?:zustimmung|einwilligung|consentement)(?:[/.?]|\Z)"
    r"|/[\w-]*consent(?:[/.?]|\Z)|/(?:cookie|privacy)-?(?:gate|wall)(?:[/.?]|\Z)"
)

# A page that asks to log in: its title or heading, its sentence; and what is no reason to call it a wall.

LOGIN_NAMES = _any(
    r"""
    (?:please )?(?:log|sign)[- ]?(?:in|on)(?: (?:required|to (?:your account|\w+)))?|(?:web|member) login
    (?:registration|authentication|authori[sz]ation|account) required|restricted (?:area|access)|members only
    (?:bitte )?(?:anmelden|einloggen)|(?:nutzer|benutzer)?anmeldung(?: erforderlich)?
    mitglieder(?:bereich|login)|kunden(?:bereich|login)|interner bereich|geschützter bereich
    espace (?:abonné|adhérent|membre|client|privé|réservé)e?s?|s'identifier|authentification
    (?:área|zona) (?:de )?(?:clientes?|usuarios?|socios?|privada)|área do (?:cliente|assinante|associado)
    area (?:clienti|soci|privata)|autenticazione|autenticación|autenticação
    (?:se )?connecter|connexion(?: (?:nécessaire|requise))?|connectez-vous|identifiez-vous|identification
    inici(?:ar|a|e) (?:de )?sesión|inicio de sesión|acceso (?:de )?(?:usuarios|socios)|identifícate
    acced[ie]|accesso(?: riservato)?|area riservata|effettua (?:il login|l'accesso)
    (?:fazer|faça|efetuar) login|entrar|entre na sua conta|iniciar sessão|(?:acesso|área) restrit[oa]
    ログイン
    サインイン
    会員(?:限定|専用)
    """
)
LOGIN_TEXT = _any(
    r"""
    (?:must|need to|have to) (?:be )?(?:log(?:ged)?|sign(?:ed)?)[- ]?in(?= ?(?:[.,!:;]|first|before|\Z))
    (?:must|need to|have to) (?:be )?(?:logged|log|signed|sign)[- ]?in to (?:view|see|read|access|continue)
    (?:log|sign)[- ]?in (?:or \w+ (?:\w+ )?)?to (?:continue|proceed)
    (?:log|sign)[- ]?in (?:or \w+ (?:\w+ )?)?to (?:view|see|read|access) (?:this|the full|more)
    (?:content|page|area|section) is (?:restricted|available|visible) (?:only )?(?:to|for) (?:\w+ )?members
    (?:content|page|area|section) is (?:restricted|available|visible) (?:only )?(?:to|for) (?:\w+ )?users
    (?:müssen|musst) (?:\w+ ){0,3}(?:angemeldet|eingeloggt|anmelden|einloggen)
    (?:melden sie sich|melde dich|loggen sie sich|logge dich) (?:bitte )?(?:an|ein),? um
    nur für (?:angemeldete |registrierte )?(?:benutzer|nutzer|mitglieder) (?:zugänglich|sichtbar|verfügbar)
    (?:loggen sie sich|melden sie sich|logge dich|melde dich) (?:bitte )?(?:ein|an)(?=[.!:]|\Z)
    (?:requires|required) (?:you )?to be (?:registered(?: and)? )?logged in
    (?:devez|faut) (?:vous |être |se )?(?:connecter|connectée?|identifier|identifiée?)
    connectez-vous pour (?:continuer|voir|lire|accéder|consulter)
    (?:debes?|tienes? que|es necesario) (?:haber )?(?:iniciar|iniciado|identificar\w*|conectar\w*)(?: sesión)?
    (?:inicia|inicie) sesión para (?:continuar|ver|leer|acceder)
    (?:devi|è necessario|occorre) (?:effettuare|fare|eseguire|aver effettuato) (?:il login|l'accesso)
    (?:devi|è necessario|occorre) (?:autenticarsi|autenticarti|accedere)
    (?:accedi|effettua (?:il login|l'accesso)) per (?:continuare|vedere|leggere|visualizzare)
    (?:precisa|é preciso|é necessário|deve) (?:fazer|efetuar|iniciar|estar) (?:o |a )?(?:login|sessão|logado)
    (?:faça login|inicie sessão|entre) para (?:continuar|ver|ler|aceder|acessar|visualizar)
    ログインが必要
    ログインして(?:ください|続行)
    会員の(?:方)?のみ
    会員専用です
    """
)
TAKING_PART = _any(
    r"""
    comments?|commenting|repl(?:y|ies)|to post|vote|rate|save|like|follow|buy|order
    change|download\w*|notifications?|settings
    kommentar\w*|kommentieren|antworten|schreiben|bewerten|abstimmen|merken
    comment(?:er|aire)s?|répondre|réagir|voter|comentar(?:io)?s?|responder|votar|comentários?
    comment(?:are|o|i)|rispondere|votare
    コメント
    投稿
    """
)
LOGIN_ADDRESS = re.compile(
    r"//(?:log-?in|sign-?in|accounts?|auth|sso|idp?|identity|passport|cas|saml|shibboleth|konto)\."
    r"|/(?:log-?in|log-?on|sign-?in|sign_in|sso|auth(?:enticate|orize)?|authwall|checkpoint|wayf|openathens"
    r"|shibboleth\.sso|session/new|anmelden|anmeldung|einloggen|connexion|entrar|iniciar-sesion|iniciar-sessao"
    r"|accedi)(?:[/.?;]|\Z)"
)

# A paywall: what says it of this very article, what may be an offer beside it, and what all of them ask.

PAYWALL = _any(
    r"""
    (?:please )?subscribe (?:now )?to (?:(?:continue|keep) reading|read|unlock)
    to (?:continue|keep|finish) reading,? (?:this|subscribe|become|log|sign|create)
    (?:continue|keep) reading (?:with|for) (?:a|an|your|just|only|free)
    (?:this )?(?:article|story|content|post) is (?:\w+ ){0,3}(?:for|to) (?:\w+ )?subscribers
    (?:article|story) (?:is )?(?:\w+ ){0,3}(?:for|to) (?:\w+ )?members only
    (?:you've|you have) (?:reached|used|read) (?:your|all|the) (?:\w+ ){0,3}(?:limit|free)
    (?:create|register)(?: for)? (?:an |a free )?account to (?:read|continue)
    (?:register|sign up) (?:for free )?to read
    (?:no|0) free articles (?:left|remaining)|unlock this (?:article|story)
    (?:this is a )?preview of subscription content
    (?:dieser|dieses|den|diesen) (?:artikel|inhalt|beitrag|text) (?:\w+ ){0,5}(?:abonnenten|abonnentinnen|abo)
    (?:diesen|den) (?:artikel|beitrag|text) (?:jetzt )?(?:weiterlesen|freischalten)
    (?:abonnieren|registrieren|anmelden)(?: \w+){0,3} (?:und|um) (?:weiterlesen|weiterzulesen)
    (?:la suite|cet article|ce contenu) (?:\w+ ){0,3}réservée?s? (?:\w+ )?(?:à nos|aux) abonnés
    (?:il vous )?reste [\d.,]+ ?% (?:de cet article )?à (?:lire|découvrir)
    (?:abonnez-vous|connectez-vous) pour (?:lire|continuer|accéder)
    pour lire la suite,? (?:abonnez|connectez|inscrivez)
    este (?:contenido|artículo) (?:\w+ ){0,3}(?:para|de) (?:\w+ )?(?:suscriptores|socios|suscritos)
    (?:para|si quieres) (?:seguir|continuar) leyendo,? .{0,40}(?:suscr\w+|regístrate|inicia sesión)
    (?:suscríbete|regístrate)(?: gratis)? para (?:seguir|continuar|leer)
    quest[oa] (?:contenuto|articolo|notizia) (?:\w+ ){0,3}(?:agli|per gli|ai|per i) (?:\w+ )?abbonati
    per (?:continuare a leggere|proseguire la lettura),? .{0,40}(?:abbon\w+|acced\w+|registr\w+)
    abbonati per (?:leggere|continuare)
    este (?:conteúdo|artigo) (?:\w+ ){0,3}(?:para|a|de) (?:\w+ )?assinantes
    (?:assine|subscreva) para (?:continuar|ler)
    para continuar (?:a ler|lendo),? .{0,40}(?:assin\w+|subscrev\w+)
    この記事は(?:有料|会員限定|有料会員限定)
    残り ?[:：]? ?[0-9,]+ ?文字
    (?:会員|登録|有料|ログイン).{0,12}続きを
    """
)
PAYWALL_OFFERS = _any(
    r"""
    (?:get|try) (?:\w+ )?(?:unlimited|full) access|want to read more|(?:members?|subscribers?)[- ]only
    (?:exclusive|premium) (?:content|article)? ?(?:for|to) (?:\w+ )?(?:subscribers|members)
    to read the full (?:story|article)
    (?:jetzt |hier )?weiterlesen (?:mit|und)|(?:um )?weiterzulesen
    (?:exklusiv|nur) für (?:\w+ )?abonnent(?:en|innen)
    pour lire la suite|lire la suite avec|exclusif abonnés|réservée?s? aux abonnés
    (?:contenido )?exclusivo (?:para )?suscriptores|solo para suscriptores|lee sin límites|para seguir leyendo
    (?:continua|prosegui|per continuare) (?:a leggere|la lettura)|(?:solo per gli|riservato agli) abbonati
    continue (?:a ler|lendo|a leitura)|(?:conteúdo )?exclusivo (?:para )?assinantes
    (?:有料|会員限定)(?:会員)?(?:の)?記事
    有料会員(?:になると|限定|に登録)
    """
)
SUBSCRIBED = _any(
    r"""
    already (?:a |an )?(?:\w+ )?(?:subscriber|member|subscribed)|already have (?:an account|a subscription)
    (?:bereits|schon) (?:\S+[ -])?(?:abonnent(?:in)?|abonniert|registriert|kunde)|(?:bereits|schon) ein abo
    déjà (?:abonnée?|inscrite?|membre)
    ya eres (?:suscriptor|socio)|ya (?:estás )?suscrito|ya tienes (?:una )?(?:suscripción|cuenta)
    già (?:abbonat[oa]|iscritt[oa])|già un (?:abbonamento|account)
    já é (?:assinante|subscritor)|já (?:sou )?assinante|já tem (?:uma )?(?:assinatura|conta)
    (?:すでに|既に)会員
    会員の方
    """
)

# A domain that nobody uses, or a host's page in place of a site.

PARKED_ADDRESSES = re.compile(
    r"//(?:\w+\.)*(?:sedoparking|parkingcrew|bodis|parklogic|uniregistry|skenzo|afternic|undeveloped|hugedomains"
    r"|domainmarket|cashparking|smartname|namedrive|rookmedia)\.(?:com|net|de)/"
    r"|/adsense/domains/caf\.js|//img1\.wsimg\.com/parking-lander/"
)
PARKED_SCRIPTS = re.compile(r"\bwindow\.park\s*=\s*[\"']|\blander_system\b|location\.href\s*=\s*[\"']/lander")
PARKED = _any(
    r"""
    (?:domain|website|\w+\.\w{2,9})(?: name)?(?: \S+)? (?:is|(?:may|might) be) (?:\w+ )?(?:for sale|parked)
    (?:buy|get|purchase) this (?:domain|website)|domain(?: name)?(?: \S+)? is available(?: for purchase)?
    domain(?: name)?(?: \S+)? (?:has |is )?(?:expired|just (?:been )?registered|registered, but)
    domain has (?:recently )?been (?:listed|registered)|(?:this )?web ?page is parked
    parks? this domain|domain parking|parked (?:free|domain)
    account has been suspended|\A\W*account suspended\W*\Z|welcome to nginx|default web (?:site )?page
    (?:domain|website|webseite)(?: \S+)? (?:steht|ist|wird)(?: \w+){0,4} (?:zum verkauf|zu verkaufen|geparkt)
    domain(?: \S+)? (?:wurde|ist)(?: \w+){0,5} (?:registriert|geparkt)
    domain (?:geparkt|nicht konnektiert|kaufen|erwerben)
    hier entsteht (?:\w+ ){0,4}(?:website|webseite|homepage|internetpräsenz|internetseite)
    domaine(?: \S+)? (?:est|peut être|pourrait être) (?:à vendre|en vente|parqué|réservé|expiré)
    domaine(?: \S+)? (?:a été|vient d'être) (?:enregistré|réservé)|(?:acheter|acquérir) ce (?:nom de )?domaine
    dominio(?: \S+)? (?:está|puede estar|ha) (?:a la venta|en venta|aparcado|registrado|caducado|expirado)
    comprar? este dominio
    dominio(?: \S+)? (?:è|potrebbe essere) (?:in vendita|scaduto|registrato|parcheggiato)
    dominio in parcheggio
    (?:acquista|compra) questo dominio|dominio registrato
    domínio(?: \S+)? (?:está|pode estar) (?:à venda|registrado|estacionado|expirado)
    compr(?:e|ar) este domínio
    このドメイン(?:名)?(?:は|を).{0,20}(?:販売|売り|購入|取得され|期限)
    """
)

# A page for what is not there.

NOT_FOUND = _any(
    r"""
    \A\W*(?:404|not found|nothing found)\W*\Z|(?:http|error|status|fehler|erreur|errore|erro) 404|404 error
    404 not found|404 non trovat[ao]|nothing (?:was )?found (?:at|here)|video unavailable
    (?:page|document|article|file|content|url|resource|story|post|object) ~ (?:not|couldn't) (?:be )?found
    (?:page|document|article|file|content) ~ (?:can't|cannot) be found
    (?:page|document|article|file|content|url|resource|story|post) ~ (?:does not|doesn't|no longer) exists?
    (?:page|article|content|story|post) ~ (?:no longer (?:available|here)|(?:not|isn't) available|is gone)
    (?:page|article|content|story|post|video) (?:has|have) been (?:removed|deleted|taken down)
    (?:page|file|content|article|story) (?:missing|unavailable)
    (?:can't|cannot|couldn't|could not) find (?:the|that) (?:page|article) you\S* (?:\w+ )?(?:for|requested)
    (?:can't|cannot|couldn't|could not|unable to) find (?:the|that|this|your) (?:\w+ )?(?:page|article)
    (?:seite|datei|artikel|inhalt|dokument|beitrag) ~ nicht (?:mehr )?(?:gefunden|verfügbar|vorhanden|finden)
    (?:seite|datei|artikel|inhalt|dokument|beitrag) ~ (?:existiert|gibt es) (?:leider )?nicht
    (?:page|article|document|contenu|fichier|adresse) ~ (?:introuvable|inexistante?)
    (?:page|article|document|contenu|fichier|adresse) ~ (?:non|pas) (?:été )?trouvée?
    (?:page|article|document|contenu|fichier) ~ n'(?:existe|est) (?:pas|plus)(?: disponible| en ligne)?
    (?:página|artículo|documento|contenido|archivo) ~ (?:no (?:se )?(?:existe|encuentra)|inexistente)
    (?:página|artículo|documento|contenido|archivo) ~ no (?:está )?disponible
    (?:página|artículo|documento|contenido|archivo) ~ no (?:\w+ ){0,3}(?:encontrad[ao]|encontrar)
    no (?:encontramos|hemos encontrado|podemos encontrar|hemos podido encontrar) (?:la|esta|tu) página
    (?:pagina|articolo|documento|contenuto) ~ (?:non (?:è )?(?:esiste|trovat[ao]|disponibile)|inesistente)
    (?:pagina|articolo|documento|contenuto) ~ non (?:è stat[ao]|può essere) trovat[ao]
    non (?:abbiamo trovato|riusciamo a trovare) (?:la|questa) pagina
    (?:página|artigo|documento|conteúdo|ficheiro) ~ (?:não (?:existe|(?:está )?disponível)|inexistente)
    (?:página|artigo|documento|conteúdo|ficheiro) ~ não (?:foi |pôde ser )?(?:encontrad[ao]|localizad[ao])
    (?:ページ|記事|コンテンツ|ファイル|url).{0,20}?(?:見つかりません|見つけられません|存在しません|ございません)
    (?:ページ|記事)が(?:ない|存在しない)
    (?:ページ|記事).{0,12}(?:削除|移動)(?:され|した)
    (?:掲載|公開)(?:期間)?(?:が|は)終了
    """
)
MOVED = _any(
    r"""
    (?:may|might) (?:have (?:been )?|be )(?:moved|removed|deleted|renamed|expired|broken|unavailable)
    (?:has|have) (?:been )?(?:moved|removed|deleted|renamed|expired)
    check (?:the|your) (?:url|address|spelling|link)
    (?:verschoben|gelöscht|entfernt|umbenannt)(?: oder \w+)? (?:wurden?|worden)|nichts (?:zu finden|gefunden)
    (?:a (?:peut-être )?été|ait été|a) (?:déplacée?|supprimée?|changé d'adresse)
    (?:ha|haya) sido (?:movid[ao]|eliminad[ao]|borrad[ao])|ya no exista
    è stat[ao] (?:spostat[ao]|rimoss[ao]|eliminat[ao]|cancellat[ao])|non è più valido
    (?:foi|ter sido) (?:movid[ao]|removid[ao]|eliminad[ao]|excluíd[ao]|apagad[ao])
    (?:移動|削除|変更)(?:され|した)
    """
)
APOLOGIES = _any(
    r"""
    error|oops|sorry|whoops|uh-?oh|fehler|hoppla|ups|erreur|oups|désolés?|lo sentimos|vaya|errore|ops|erro
    エラー
    """
)
NOT_FOUND_ROOT = _set(
    "error404 error-404 page-404 page--404 page404 is-404 template-404 http404 pagenotfound page-not-found"
    " not-found notfound cms-no-route cms-noroute-index"
)
NOT_FOUND_ADDRESS = re.compile(
    r"[/_.-](?:erro?r?-?404|404|not-?found|page-?not-?found|nicht-gefunden|(?:page-)?introuvable|no-encontrad[ao]"
    r"|non-trovat[ao]|nao-encontrad[ao])(?:[/_.?-]|\Z)"
)

# A shell that a script fills.

SHELL_IDS = _set("root app __next __nuxt __layout app-root main-app q-app ___gatsby ember-app react-root")
ASKS_FOR_SCRIPT = re.compile(r"java ?script", re.IGNORECASE)
