//! The examples that stand under every command's help, and in its manual page; 80 columns hold them.

pub(super) const WHOLE: &str = "\
Examples:
  concord init      ask for both accounts and write schedules.toml
  concord check     is everything right, before the first night?
  concord plan      what would a sync do?
  concord sync      make both CRMs agree
  concord history   what was done, night by night

Exit codes:
  0    done                        4    refused by a guard
  1    failed                      5    the saved plan is stale
  2    operations are pending      10   configuration or command line
       (plan --detailed-exitcode)  11   another run holds the lock
  3    a person is needed          12   credentials
                                   130  interrupted";

pub(super) const INIT: &str = "\
Examples:
  concord init              asks for both accounts on a terminal
  concord init --sandbox    a pair to play with
  concord init --no-input --pair acme \\
    --cliengo-key-env CLIENGO_API_KEY --website-id 5f3c0000000000000000000a \\
    --location-id C2QujeCh8ZnC7al2InWR --ghl-token-env GHL_TOKEN";

pub(super) const AUTH: &str = "\
Examples:
  concord auth ghl                opens GHL's page, and waits for your consent
  concord auth ghl --pair acme    where several pairs have an app of their own
  concord auth ghl --print-url    on a machine without a browser: open the
                                  address elsewhere, then paste where it ends,
                                  or forward the port: ssh -L 9465:127.0.0.1:9465

The app needs the redirect http://127.0.0.1:9465/oauth/callback";

pub(super) const PLAN: &str = "\
Examples:
  concord plan                            the dry run: nothing is written
  concord plan --pair acme --format json --out plan.json
  concord plan --save tonight.json        then: concord sync --plan tonight.json
  concord plan --detailed-exitcode        2: something is to be done";

pub(super) const SYNC: &str = "\
Examples:
  concord sync                            every pair
  concord sync --pair acme --approve 9e9e88f1b1fec20f
  concord sync --plan tonight.json        exactly what plan --save wrote
  concord sync --quiet                    for cron: says only what is amiss";

pub(super) const CHECK: &str = "\
Examples:
  concord check                           asks both CRMs; writes nothing
  concord check --offline                 configuration, disk and state alone
  concord check --pair acme --format json";

pub(super) const DAEMON: &str = "\
Examples:
  concord daemon                          until SIGTERM; SIGHUP reloads
  concord daemon --log-format json        one object per line
  concord check --offline                 is the configuration right?";

pub(super) const OPERATIONS: &str = "\
Examples:
  concord operations
  concord operations --format json";

pub(super) const STATUS: &str = "\
Examples:
  concord status
  concord status --format json";

pub(super) const HISTORY: &str = "\
Examples:
  concord history                         the runs, the newest last
  concord history 12 --pair acme          every operation of run 12
  concord history 12 --pair acme -v       with each record as it was before";

pub(super) const CONFIG: &str = "\
Examples:
  concord config schema                   the JSON Schema, for an editor
  concord config show --origin            every setting, and who says it";

pub(super) const EXPLAIN: &str = "\
Examples:
  concord explain ana@example.com         both records, link, runs, next plan
  concord explain 64b0c0ffee0000000000a010 --format json";

pub(super) const HELD: &str = "\
Examples:
  concord held                            one block for each person
  concord held ack kbqftrnmdc             you know: no exit code 3 for it
  concord held ack kbqftrnmdc --until 2027-01-31 --note asked
  concord held unack kbqftrnmdc           it is new again
  concord held retry kbqftrnmdc           it was not created: create it";

pub(super) const CONFLICTS: &str = "\
Examples:
  concord conflicts                       those that wait, with their ids
  concord conflicts show kbqftrnmdc       both values, and the one before
  concord conflicts resolve kbqftrnmdc --take ghl
  concord conflicts resolve kbqftrnmdc --value ana@example.com";

pub(super) const QUARANTINE: &str = "\
Examples:
  concord quarantine                      what keeps failing, and why
  concord quarantine retry kbqftrnmdc     the next sync tries it again
  concord quarantine drop kbqftrnmdc      give up, until the record changes";

pub(super) const LINKS: &str = "\
Examples:
  concord links list --kind contact       who is linked with whom
  concord links show 12                   what was last agreed, side by side
  concord links add 64b0c0ffee C0oE7      these two are one
  concord links remove 12                 they are not; nothing is deleted
  concord links forget 12                 the next sync matches them again";

pub(super) const UNDO: &str = "\
Examples:
  concord undo 12 --pair acme --dry-run   what it would take back
  concord undo 12 --pair acme             takes it back, on both sides";

pub(super) const EXPORT: &str = "\
Examples:
  concord export cron                     prints the crontab
  concord export systemd --out units      writes services and timers";

pub(super) const SANDBOX: &str = "\
Examples:
  concord sandbox edit --random 20        change records as people would
  concord sandbox dump                    everything in both CRMs, as JSON
  concord sandbox serve --contacts 500    both CRMs on 127.0.0.1:8410";

pub(super) const COMPLETIONS: &str = "\
Examples:
  concord completions bash > /etc/bash_completion.d/concord
  concord completions zsh > ~/.zfunc/_concord
  concord completions fish > ~/.config/fish/completions/concord.fish";

pub(super) const MAN: &str = "\
Examples:
  concord man | man -l -
  concord man --out /usr/local/share/man/man1";
