//! A proxy before an embedded CRM that changes what is answered: for payloads that its world cannot hold.

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Given `GET /path?query` and the answer: another answer, or a refusal instead of one.
pub type Rewrite = Arc<dyn Fn(&str, Value) -> Result<Value, (u16, Value)> + Send + Sync>;

/// The address that stands for `base`; it answers as long as the test's runtime does.
pub async fn before(base: &str, rewrite: Rewrite) -> String {
    let url: reqwest::Url = base.parse().unwrap();
    let origin = format!("http://{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::new();
    let upstream = origin.clone();
    let app = Router::new().fallback(move |request: Request| {
        let (client, origin, rewrite) = (client.clone(), upstream.clone(), Arc::clone(&rewrite));
        async move { pass_on(&client, &origin, &rewrite, request).await }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base.replacen(&origin, &address, 1)
}

async fn pass_on(
    client: &reqwest::Client,
    origin: &str,
    rewrite: &Rewrite,
    request: Request,
) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("accept-encoding");
    let sent = client.request(parts.method, format!("{origin}{}", parts.uri)).headers(headers).body(body).send().await;
    let Ok(answer) = sent else { return (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new()) };
    let status = answer.status();
    // The CRM's clock, not the proxy's.
    let date = answer.headers().get("date").cloned();
    let headers: HeaderMap = date.into_iter().map(|date| (axum::http::header::DATE, date)).collect();
    let bytes = answer.bytes().await.unwrap_or_default();
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { return (status, headers, bytes) };
    match rewrite(&line, value) {
        Ok(value) => (status, headers, Bytes::from(value.to_string())),
        Err((refused, why)) => (StatusCode::from_u16(refused).unwrap(), headers, Bytes::from(why.to_string())),
    }
}

/// Every text that is `text` becomes a number.
pub fn number_for(text: &'static str) -> Rewrite {
    fn walk(value: &mut Value, text: &str) {
        match value {
            Value::String(found) if found.contains(text) => *value = Value::from(42),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, text)),
            Value::Object(fields) => fields.values_mut().for_each(|inner| walk(inner, text)),
            _ => {}
        }
    }
    Arc::new(move |_, mut value| {
        walk(&mut value, text);
        Ok(value)
    })
}
