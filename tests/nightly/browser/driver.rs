//! A browser under test: Chromium, driven by chromedriver as `WebDriver` says (<https://www.w3.org/TR/webdriver2/>).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Finds what a page does wrong for those who cannot see or point.
const AXE: &str = include_str!("axe.min.js");

/// Longer than any answer of a browser takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub width: u32,
    pub dark: bool,
}

/// The screens on which every page has to do.
pub(super) const SCREENS: [Screen; 6] = [
    Screen { width: 360, dark: false },
    Screen { width: 360, dark: true },
    Screen { width: 768, dark: false },
    Screen { width: 768, dark: true },
    Screen { width: 1440, dark: false },
    Screen { width: 1440, dark: true },
];

/// One browser; it ends with this value.
pub(super) struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium too: it would outlive its driver.
        let (host, path) = self.session.trim_start_matches("http://").split_once('/').unwrap_or_default();
        if let Ok(mut driver) = TcpStream::connect(host) {
            let request = format!("DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let _ = driver.set_read_timeout(Some(PATIENCE));
            let _ = driver.write_all(request.as_bytes());
            let _ = driver.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// A browser, or `None` where none is installed, which is said.
    #[expect(clippy::print_stdout, reason = "a test that looks at nothing says so")]
    pub(super) async fn open() -> Option<Self> {
        let driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = driver else {
            println!("skipped: chromedriver is not installed (Debian: chromium, chromium-driver)");
            assert!(
                std::env::var_os("CONCORD_BROWSER").is_none(),
                "CONCORD_BROWSER is set and there is no chromedriver"
            );
            return None;
        };
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = said.find(|line| line.contains("started successfully on port")).unwrap();
        let port = line.rsplit(' ').next().unwrap().trim_end_matches('.').to_owned();
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let answer: Value =
            http.post(format!("{base}/session")).json(&wanted).send().await.unwrap().json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        let session = format!("{base}/session/{id}");
        Some(Self { driver, http, session, _profile: profile })
    }

    async fn ask(&self, command: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}/{command}", self.session)).json(body).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{command}: {answer}");
        answer["value"].clone()
    }

    /// Opens an address and waits until the page is there.
    pub(super) async fn go(&self, url: &str) {
        self.ask("url", &json!({ "url": url })).await;
    }

    /// Runs a script in the page; what it returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.ask("execute/sync", &json!({ "script": script, "args": [] })).await
    }

    async fn tool(&self, command: &str, parameters: &Value) -> Value {
        self.ask("goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    /// Shows a token with every request, as a browser does that was asked for a password.
    pub(super) async fn with_token(&self, token: &str) {
        let basic = format!("Basic {}", STANDARD.encode(format!("concord:{token}")));
        self.tool("Network.enable", &json!({})).await;
        self.tool("Network.setExtraHTTPHeaders", &json!({ "headers": { "Authorization": basic } })).await;
    }

    pub(super) async fn on(&self, screen: Screen) {
        let metrics =
            json!({ "width": screen.width, "height": 900, "deviceScaleFactor": 1, "mobile": screen.width < 500 });
        self.tool("Emulation.setDeviceMetricsOverride", &metrics).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tool("Emulation.setEmulatedMedia", &features).await;
    }

    /// What the page's console said that is an error: a script's, or that the policy kept something out.
    pub(super) async fn errors(&self) -> Vec<String> {
        let log = self.ask("se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    /// What is wrong with the page on this screen: what axe finds serious, and what is wider than it.
    pub(super) async fn faults(&self, screen: Screen) -> Vec<String> {
        self.on(screen).await;
        self.run(&format!("{AXE}; return typeof axe")).await;
        let script = "const done = arguments[arguments.length - 1];\
            axe.run(document).then(found => done(found.violations\
              .filter(one => one.impact === 'serious' || one.impact === 'critical')\
              .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 200) + ' ' + node.any.map(why => why.message).join(' ')).join(' | '))));";
        let found = self.ask("execute/async", &json!({ "script": script, "args": [] })).await;
        let found = found.as_array().cloned().unwrap_or_default();
        let mut faults: Vec<String> = found.iter().map(|one| format!("{screen:?}: {one}")).collect();
        let wide = self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        if wide != json!(0) {
            faults.push(format!("{screen:?}: {wide} pixels wider than the screen"));
        }
        faults
    }

    /// The page as a picture.
    pub(super) async fn picture(&self, file: &Path) {
        let shot = self.tool("Page.captureScreenshot", &json!({ "format": "png" })).await;
        std::fs::write(file, STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}
