//! What `deploy/` offers to watch Concord with asks for metrics that there are.

use std::collections::BTreeSet;

const METRICS: &str = include_str!("../../src/serve/metrics.rs");
const DASHBOARD: &str = include_str!("../../deploy/monitoring/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../deploy/monitoring/prometheus-alerts.yaml");

fn names(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("concord_"))
        .collect()
}

#[test]
fn every_metric_of_the_dashboard_and_the_alerts_is_served() {
    let served = names(METRICS);
    for (file, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS)] {
        let missing: Vec<_> = names(text).difference(&served).copied().collect();
        assert!(missing.is_empty(), "the {file} asks for {missing:?}");
    }
    serde_json::from_str::<serde_json::Value>(DASHBOARD).unwrap();
}
