//! GHL entered through an app: a person consents at the start, and every run renews what came of it.

use std::sync::{Arc, Mutex};

use concord::crm::Patience;
use concord::crm::ghl::Access;
use concord::crm::ghl::oauth::{App, GrantStore, GrantStoreError, LocationGrant, OAuth};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;

use crate::house::House;

/// What is kept, in memory.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Option<Vec<u8>>>>);

impl GrantStore for Memory {
    fn read(&self) -> Result<Option<Vec<u8>>, GrantStoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn write(&self, content: &[u8]) -> Result<(), GrantStoreError> {
        *self.0.lock().unwrap() = Some(content.to_vec());
        Ok(())
    }

    fn lock(&self, _: Timestamp) -> Result<Option<Box<dyn Send>>, GrantStoreError> {
        Ok(Some(Box::new(())))
    }
}

/// Consents as a person does; `through` is `app` (the location's) or `agency`.
pub async fn let_in(house: &House, through: &str) -> Result<Access, String> {
    let [location, agency] = house.sandbox.apps();
    let (is_agency, (id, secret)) = match through {
        "app" => (false, location),
        "agency" => (true, agency),
        other => return Err(format!("let_in = {other:?}; known: app, agency")),
    };
    let base = house.sandbox.ghl_url();
    let page = format!("{base}/oauth/chooselocation?client_id={id}&redirect_uri=http://x&state=s");
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = browser.get(page).send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let back: reqwest::Url = back.parse().unwrap();
    let code = SecretString::from(back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned());
    let app = App::new(&base, false, &id, SecretString::from(secret), Patience::default()).unwrap();
    let command = "concord auth ghl --pair story".to_owned();
    let grant = OAuth::new(app, Box::new(Memory::default()), house.clock.clone(), TaskTracker::new(), command);
    let user_type = if is_agency { "Company" } else { "Location" };
    let granted = grant.app().exchange(&code, "http://x", "v", user_type).await.map_err(|why| why.to_string())?;
    grant.keep(granted).await.map_err(|why| why.to_string())?;
    let location = |grant| Access::Agency(Arc::new(LocationGrant::new(grant, house.sandbox.location_id())));
    Ok(if is_agency { location(grant) } else { Access::App(grant) })
}
