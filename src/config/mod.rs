//! `schedules.toml` to typed, validated values; secrets.
