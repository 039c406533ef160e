//! OAuth as GHL's notes describe it (GHL API notes, 1): consent, tokens that last a day, refresh tokens that are good once,
//! and a location's token for its agency's.

use serde_json::{Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Holder, Identity, Moment, scramble};
use super::refusal::{bad_request, unauthorized};

/// How long an access token is good for, in seconds.
const LIFE: i64 = 86_399;

/// Id and secret of the app that locations install, and of the one that agencies do.
pub(in crate::sandbox) fn apps(identity: &Identity) -> [(String, String); 2] {
    let secret = |number: u64| format!("{:016x}-{:016x}", scramble(identity.seed ^ number), scramble(number));
    let id = |name: &str, number: u64| format!("{name}-{:08x}", scramble(identity.seed ^ number) >> 32);
    [(id("location-app", 1), secret(2)), (id("agency-app", 3), secret(4))]
}

/// Whose the request's token is, and whether it is good.
pub(super) fn holder(data: &Data, token: &str, moment: Moment) -> Option<Holder> {
    let (holder, until) = data.ghl.oauth.access.get(token)?;
    (moment.now < *until).then_some(*holder)
}

/// Answers what needs no token of a location.
pub(super) fn answer(data: &mut Data, call: &Call, moment: Moment) -> Option<Answered> {
    match (call.method.as_str(), call.segments().as_slice()) {
        ("GET", ["oauth", "chooselocation"]) => Some(consent(data, call)),
        ("POST", ["oauth", "token"]) => Some(token(data, call, moment)),
        ("POST", ["oauth", "locationToken"]) => Some(location_token(data, call, moment)),
        ("GET", ["oauth", "installedLocations"]) => Some(installed(data, call, moment)),
        _ => None,
    }
}

/// The page, on which everybody consents at once.
fn consent(data: &mut Data, call: &Call) -> Answered {
    let Some(redirect) = call.parameter("redirect_uri") else { return Err(bad_request("redirect_uri is missing")) };
    let holder = holder_of_app(data, call.parameter("client_id").unwrap_or_default())?;
    data.ghl.oauth.scope = call.parameter("scope").map(str::to_owned);
    let code = fresh(data, "code");
    data.ghl.oauth.codes.insert(code.clone(), (holder, call.parameter("code_challenge").map(str::to_owned)));
    let state = call.parameter("state").unwrap_or_default();
    let mut answer = Answer::empty(302);
    answer.headers.push(("location".into(), format!("{redirect}?code={code}&state={state}")));
    Ok(answer)
}

fn token(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let holder = holder_of_app(data, call.text("client_id").unwrap_or_default())?;
    let known = apps(&data.identity);
    let secret = known.iter().find(|(id, _)| Some(id.as_str()) == call.text("client_id")).map(|(_, secret)| secret);
    if secret.map(String::as_str) != call.text("client_secret") {
        return Err(unauthorized());
    }
    let invalid = |what: &str| {
        Err(Answer::json(
            400,
            json!({ "error": "invalid_grant", "error_description": format!("Invalid grant: {what} is invalid") }),
        ))
    };
    match call.text("grant_type") {
        Some("authorization_code") => {
            let Some((of, challenge)) = data.ghl.oauth.codes.remove(call.text("code").unwrap_or_default()) else {
                return invalid("authorization code");
            };
            if of != holder || !is_proven(challenge.as_deref(), call.text("code_verifier")) {
                return invalid("authorization code");
            }
        }
        Some("refresh_token") => {
            let given = call.text("refresh_token").unwrap_or_default().to_owned();
            if data.ghl.oauth.refresh.remove(&given) != Some(holder) {
                return invalid("refresh token");
            }
            data.ghl.oauth.used.insert(given);
        }
        _ => return Err(bad_request("grant_type is invalid")),
    }
    let refresh = fresh(data, "refresh");
    data.ghl.oauth.refresh.insert(refresh.clone(), holder);
    let mut answer = granted(data, holder, moment);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("refresh_token".to_owned(), json!(refresh));
    }
    Ok(Answer::ok(answer))
}

/// Whether the verifier is the one whose hash came with the consent.
fn is_proven(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    use aws_lc_rs::digest;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Some(challenge) = challenge else { return true };
    let hash = |verifier: &str| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    verifier.is_some_and(|verifier| hash(verifier) == challenge)
}

/// Refuses every token but the company's.
fn of_company(data: &Data, call: &Call, moment: Moment) -> Result<(), Answer> {
    let bearer = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
    let is_companys = bearer.and_then(|token| holder(data, token, moment)) == Some(Holder::Company);
    if is_companys { Ok(()) } else { Err(unauthorized()) }
}

/// `GET /oauth/installedLocations`: where the company's app is.
fn installed(data: &Data, call: &Call, moment: Moment) -> Answered {
    of_company(data, call, moment)?;
    if call.parameter("companyId") != Some(&data.identity.company_id) || call.parameter("appId").is_none() {
        return Err(bad_request("companyId and appId are required"));
    }
    Ok(Answer::ok(json!({
        "locations": [{ "_id": data.identity.location_id, "name": "Sucursal Centro", "address": "", "isInstalled": true }],
        "count": 1, "installToFutureLocations": false,
    })))
}

fn location_token(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    of_company(data, call, moment)?;
    let (company, location) = (call.text("companyId"), call.text("locationId"));
    if company != Some(&data.identity.company_id) || location != Some(&data.identity.location_id) {
        return Err(bad_request("Location not found"));
    }
    let mut answer = granted(data, Holder::Location, moment);
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|name, _| !["companyId", "userType"].contains(&name.as_str()));
    }
    Ok(Answer::ok(answer))
}

fn holder_of_app(data: &Data, id: &str) -> Result<Holder, Answer> {
    let [location, agency] = apps(&data.identity);
    match id {
        id if id == location.0 => Ok(Holder::Location),
        id if id == agency.0 => Ok(Holder::Company),
        _ => Err(bad_request("client_id is invalid")),
    }
}

fn granted(data: &mut Data, holder: Holder, moment: Moment) -> Value {
    let token = fresh(data, "access");
    data.ghl.oauth.access.insert(token.clone(), (holder, moment.now + LIFE * 1000));
    let scope = data.ghl.oauth.scope.clone().unwrap_or_default();
    let mut granted = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": LIFE, "userId": data.identity.ghl_users[0],
        "scope": scope,
        "companyId": data.identity.company_id,
        "userType": if holder == Holder::Location { "Location" } else { "Company" },
    });
    if let (Holder::Location, Some(fields)) = (holder, granted.as_object_mut()) {
        fields.insert("locationId".to_owned(), json!(data.identity.location_id));
    }
    granted
}

fn fresh(data: &mut Data, what: &str) -> String {
    data.ghl.oauth.issued += 1;
    let number = data.ghl.oauth.issued;
    format!("{what}-{number}-{:016x}", scramble(data.identity.seed ^ scramble(number)))
}
