//! The calls of GHL's official TypeScript SDK, as they are sent: the embedded GHL answers each as the SDK's types say, which
//! are those of the official files.
//!
//! `sdk.json` holds them in an order in which they can be played: method, path and body, with `<name>` for what an earlier
//! answer `keeps`. It needs no Node.

use std::collections::{BTreeMap, BTreeSet};

use concord::sandbox::{Options, Sandbox};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::specs::{Exchange, specs};

/// What the SDK says of itself where nobody chose a version.
const VERSION: &str = "2023-02-21";
const CALLS: &str = include_str!("sdk.json");

/// One call, with names in the place of ids.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    call: String,
    method: String,
    path: String,
    body: Option<Value>,
    form: Option<BTreeMap<String, String>>,
    /// Names for what is in the answer, by where it is there.
    #[serde(default)]
    keeps: BTreeMap<String, String>,
    /// Whose token goes along, where it is not the location's.
    #[serde(rename = "as")]
    holder: Option<String>,
}

/// The names so far, and what they stand for.
struct Known(BTreeMap<String, String>);

impl Known {
    fn read(&self, call: &Value) -> Recorded {
        let told = self.0.iter().fold(call.to_string(), |text, (name, id)| text.replace(&format!("<{name}>"), id));
        serde_json::from_str(&told).unwrap()
    }

    fn keep(&mut self, call: &Recorded, answer: &Value) {
        for (name, place) in &call.keeps {
            let id = answer.pointer(place).and_then(Value::as_str);
            let id = id.unwrap_or_else(|| panic!("{}: nothing at {place}: {answer:#}", call.call));
            self.0.insert(name.clone(), id.to_owned());
        }
    }
}

/// A person's consent for the agency's app: the one step of OAuth that no program makes.
async fn consent(sandbox: &Sandbox, client: &str) -> String {
    let page = format!("{}/oauth/chooselocation?client_id={client}&redirect_uri=http://x&state=s", sandbox.ghl_url());
    let browser = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = browser.get(page).send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let back: reqwest::Url = back.parse().unwrap();
    back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

async fn sent(sandbox: &Sandbox, client: &Client, call: &Recorded, known: &Known) -> (u16, Value) {
    let method: Method = call.method.parse().unwrap();
    let token = call.holder.as_ref().map_or(sandbox.token(), |holder| known.0[holder].as_str());
    let request = client.request(method, format!("{}{}", sandbox.ghl_url(), call.path));
    let request = request.header("Version", VERSION).header("x-sdk-version", "3.0.0").bearer_auth(token);
    let request = match (&call.body, &call.form) {
        (Some(body), _) => request.json(body),
        (None, Some(form)) => {
            let mut url: reqwest::Url = "form:/".parse().unwrap();
            url.query_pairs_mut().extend_pairs(form);
            request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(url.query().unwrap_or_default().to_owned())
        }
        (None, None) => request.header("Content-Type", "application/json"),
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Every answer of GHL's carries one beside what the types name.
fn without_trace(mut answer: Value) -> Value {
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("traceId");
    }
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_the_official_sdk_is_answered_as_its_types_say() {
    let sandbox = Sandbox::start(Options { contacts: 3, ..Options::default() }).await.unwrap();
    let [_, (client_id, secret)] = sandbox.apps();
    let code = consent(&sandbox, &client_id).await;
    let company = sandbox.company_id().to_owned();
    let names = [
        ("location", sandbox.location_id().to_owned()),
        ("company", company),
        ("client_id", client_id),
        ("client_secret", secret),
        ("code", code),
    ];
    let mut known = Known(names.into_iter().map(|(name, id)| (name.to_owned(), id)).collect());
    let client = Client::new();
    let calls: Vec<Value> = serde_json::from_str(CALLS).unwrap();
    let (mut wrong, mut answered) = (Vec::new(), BTreeSet::new());
    for call in &calls {
        let call = known.read(call);
        let (status, answer) = sent(&sandbox, &client, &call, &known).await;
        let answer = without_trace(answer);
        let form = call.form.clone().map(|form| form.into_iter().map(|(key, value)| (key, Value::String(value))));
        let form = form.map(|form| Value::Object(form.collect::<Map<_, _>>()));
        let body = call.body.as_ref().or(form.as_ref());
        let exchange = Exchange { method: &call.method, path: &call.path, body, answer: Some((status, &answer)) };
        let judged = specs().check(&exchange);
        if status >= 300 || judged.is_err() {
            wrong.push(format!("{}: {status} {judged:?}\n    {answer}", call.call));
        }
        if status < 300 {
            known.keep(&call, &answer);
        }
        answered.insert(call.call.clone());
    }
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), calls.len(), wrong.join("\n"));
    assert!(answered.len() >= 76, "{}", answered.len());
}
