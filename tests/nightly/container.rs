//! The container file's command line, as a container would start it: another user, a root that nobody can write, one
//! volume. No container engine is needed, but root is, for a mount namespace.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output};

use concord::sandbox::{Options, Sandbox};

use crate::command::Desk;

const USER: u32 = 65532;

/// Makes a root with the program, its libraries and its configuration, all of it read-only but the volume, and starts
/// the command in it.
const START: &str = r#"
root=$1 program=$2 folder=$3 volume=$4 user=$5; shift 5
mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir -p "$root/usr/local/bin" "$root/etc/concord" "$root/etc/ssl" "$root$VOLUME"
: > "$root/usr/local/bin/concord"
mount --bind "$program" "$root/usr/local/bin/concord"
for below in /lib /lib64 /usr/lib /etc/ssl; do
    if [ -d "$below" ]; then mkdir -p "$root$below"; mount --bind "$below" "$root$below"; fi
done
mount --bind "$folder" "$root/etc/concord"
mount --bind "$volume" "$root$VOLUME"
mount -o remount,bind,ro "$root/etc/concord"
mount -o remount,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
"#;

/// What an instruction of the container file says, without its name.
fn said<'a>(file: &'a str, instruction: &str) -> &'a str {
    let mut lines = file.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
    lines.next_back().unwrap_or_else(|| panic!("no {instruction}"))
}

fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap()
}

fn may_mount() -> bool {
    let tried = Command::new("unshare").args(["--mount", "--propagation", "private", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

fn start(desk: &Desk, file: &str, command: &[String]) -> Output {
    let volume = words(said(file, "VOLUME")).remove(0);
    let (name, value) = said(file, "ENV").split_once('=').unwrap();
    let mut container = Command::new("unshare");
    container.args(["--mount", "--propagation", "private", "--", "sh", "-euc", START, "sh"]);
    container.args([desk.path("root"), env!("CARGO_BIN_EXE_concord").into(), desk.path("etc"), desk.path("volume")]);
    container.arg(said(file, "USER")).args(words(said(file, "ENTRYPOINT"))).args(command);
    container.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("VOLUME", volume).env(name, value);
    container.envs(desk.environment.iter().cloned()).output().unwrap()
}

fn assert_code(output: &Output, code: i32) {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_containers_command_line_needs_no_root_and_writes_into_its_volume_alone() {
    if !may_mount() {
        eprintln!("NOT CHECKED: the container's command line; a mount namespace needs root");
        return;
    }
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/Containerfile")).unwrap();
    assert_eq!(said(&file, "USER"), format!("{USER}:{USER}"));
    let sandbox = Sandbox::start(Options { contacts: 6, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    for folder in ["root", "etc", "volume"] {
        std::fs::create_dir(desk.path(folder)).unwrap();
    }
    chown(desk.path("volume"), Some(USER), Some(USER)).unwrap();
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings = settings.replace("region = \"AR\"", "region = \"AR\"\nguard.first_sync = \"auto\"");
    std::fs::write(desk.path("etc/schedules.toml"), settings).unwrap();
    for (path, mode) in [("etc", 0o755), ("etc/schedules.toml", 0o644)] {
        std::fs::set_permissions(desk.path(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    let usual = words(said(&file, "CMD"));
    for _ in 0..2 {
        let output = tokio::task::block_in_place(|| start(&desk, &file, &usual));
        assert_code(&output, 0);
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    let state = std::fs::metadata(desk.path("volume/acme.db")).unwrap();
    assert_eq!((state.uid(), state.mode() & 0o777), (USER, 0o600));
    // It really is read-only, and it really is another user.
    let elsewhere = ["plan", "--out", "/report.txt"].map(str::to_owned);
    let output = tokio::task::block_in_place(|| start(&desk, &file, &elsewhere));
    assert_code(&output, 1);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("Read-only file system") || said.contains("Permission denied"), "{said}");
}
