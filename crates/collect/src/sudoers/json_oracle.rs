//! Differential test: the policy as parsed here against what `cvtsudoers -f json` makes of the same text, entry by
//! entry: users, hosts, runas lists, tags, options and commands, aliases and Defaults; as they stand, and with aliases
//! resolved. Generated policies, and those of sudo's own tests. Skips where cvtsudoers is missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is its report")]

#[path = "../../tests/common/oracle.rs"]
mod oracle;
#[path = "../../tests/common/policies.rs"]
mod policies;
#[path = "../../tests/common/recorded.rs"]
mod recorded;

use std::path::Path;
use std::process::Command as Program;

use serde_json::{Map, Value, json};

use self::oracle::{Budget, Random, Tally};
use super::flat::Flattener;
use super::matching::id;
use super::token::AliasKind;
use super::tree::{AliasBody, Binding, Command, CommandSpec, Context, Defaults, Member, Name, Policy, What};
use super::{Finding, Problem, Start, load};
use crate::config_files::{MemoryFiles, Source};

/// What a list holds, which decides how cvtsudoers calls its entries: kinds of names, aliases and plain words.
#[derive(Clone, Copy)]
struct Kind {
    word: &'static str,
    number: &'static str,
    alias: &'static str,
    aliases: AliasKind,
}

const USERS: Kind = Kind { word: "username", number: "userid", alias: "useralias", aliases: AliasKind::User };
const HOSTS: Kind = Kind { word: "hostname", number: "", alias: "hostalias", aliases: AliasKind::Host };
const RUNAS: Kind =
    Kind { word: "username", number: "userid", alias: "runasalias", aliases: AliasKind::Runas };
const GROUPS: Kind = Kind { word: "usergroup", number: "", alias: "runasalias", aliases: AliasKind::Runas };

/// Our policy in the words of cvtsudoers.
struct Told<'a> {
    policy: &'a Policy,
    /// Aliases are resolved where they are used.
    expand: bool,
}

impl Told<'_> {
    fn specs(&self) -> Vec<Value> {
        let mut specs = Vec::new();
        for spec in &self.policy.specs {
            for privilege in &spec.privileges {
                let commands: Vec<Value> =
                    privilege.commands.iter().flat_map(|command| self.command_spec(command)).collect();
                specs.push(json!({
                    "users": self.members(&spec.users, USERS),
                    "hosts": self.members(&privilege.hosts, HOSTS),
                    "commands": commands,
                }));
            }
        }
        specs
    }

    fn command_spec(&self, CommandSpec { context, command }: &CommandSpec) -> Vec<Value> {
        let about = self.context(context);
        self.commands(std::slice::from_ref(command))
            .into_iter()
            .map(|command| json!({ "about": about, "command": command }))
            .collect()
    }

    fn context(&self, context: &Context) -> Map<String, Value> {
        let mut about = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            about.extend(value.map(|value| (key.to_owned(), value)));
        };
        let runas = context.runas.as_deref();
        put("runasusers", runas.and_then(|runas| Some(json!(self.members(runas.users.as_ref()?, RUNAS)))));
        put("runasgroups", runas.and_then(|runas| Some(json!(self.members(runas.groups.as_ref()?, GROUPS)))));
        put("authenticate", context.nopasswd.map(|nopasswd| json!(!nopasswd)));
        put("noexec", context.noexec.map(Value::from));
        put("setenv", context.setenv.map(Value::from));
        put("notbefore", context.not_before.as_deref().map(|text| json!(instant(text))));
        put("notafter", context.not_after.as_deref().map(|text| json!(instant(text))));
        put("role", context.role.then_some(json!(true)));
        put("runchroot", context.chroot.then_some(json!(true)));
        about
    }

    fn members(&self, members: &[Member], kind: Kind) -> Vec<Value> {
        let mut told = Vec::new();
        self.tell(members, kind, false, &mut Vec::new(), &mut told);
        told
    }

    fn tell<'b>(
        &'b self,
        members: &'b [Member],
        kind: Kind,
        turned: bool,
        active: &mut Vec<&'b str>,
        told: &mut Vec<Value>,
    ) {
        for member in members {
            let negated = member.negated != turned;
            let Name::Alias(name) = &member.name else {
                told.push(named(&member.name, kind, negated));
                continue;
            };
            if !self.expand {
                told.push(signed(json!({ kind.alias: name }), negated));
                continue;
            }
            let body = self.policy.aliases.get(&(kind.aliases, name.clone()));
            if let Some(AliasBody::Members(members)) = body
                && !active.contains(&name.as_str())
            {
                active.push(name);
                // Members of an alias of groups are told as users.
                let kind = if kind.word == "usergroup" { RUNAS } else { kind };
                self.tell(members, kind, negated, active, told);
                active.pop();
            }
        }
    }

    fn commands(&self, commands: &[Command]) -> Vec<Value> {
        if self.expand {
            // The collector's own way of resolving them.
            let mut flattener = Flattener::new(self.policy);
            let flat = commands.iter().flat_map(|command| flattener.flatten(command));
            flat.map(|flat| command(flat.what, flat.negated, flat.digest)).collect()
        } else {
            commands.iter().map(|one| command(&one.what, one.negated, one.digest)).collect()
        }
    }

    /// One for each setting: whom it is for, its name and value.
    fn defaults(&self, unknown: &str) -> Vec<Value> {
        let mut told = Vec::new();
        for Defaults { binding, settings } in &self.policy.defaults {
            let binding = match binding {
                Binding::Generic => Vec::new(),
                Binding::Users(users) => self.members(users, USERS),
                Binding::Hosts(hosts) => self.members(hosts, HOSTS),
                Binding::Runas(users) => self.members(users, RUNAS),
                Binding::Commands(commands) => self.commands(commands),
            };
            for setting in settings {
                if !unknown.contains(&format!("unknown defaults entry \"{}\"", setting.name)) {
                    let value = setting.value.clone().map_or(json!(!setting.negated), Value::from);
                    told.push(json!({ "binding": binding, "name": setting.name, "value": value }));
                }
            }
        }
        told
    }

    fn aliases(&self) -> Vec<Value> {
        let mut told: Vec<Value> = self
            .policy
            .aliases
            .iter()
            .map(|((kind, name), body)| {
                let members = match (kind, body) {
                    (AliasKind::Host, AliasBody::Members(members)) => self.members(members, HOSTS),
                    (AliasKind::Runas, AliasBody::Members(members)) => self.members(members, RUNAS),
                    (_, AliasBody::Members(members)) => self.members(members, USERS),
                    (_, AliasBody::Commands(commands)) => self.commands(commands),
                };
                json!({ "kind": format!("{kind:?}"), "name": name, "members": members })
            })
            .collect();
        told.sort_by_key(Value::to_string);
        told
    }
}

fn signed(mut told: Value, negated: bool) -> Value {
    if negated {
        told["negated"] = json!(true);
    }
    told
}

fn named(name: &Name, kind: Kind, negated: bool) -> Value {
    let number = |text: &str| text.strip_prefix('#').and_then(id);
    let told = match name {
        Name::All => json!({ kind.word: "ALL" }),
        Name::Alias(name) => json!({ kind.alias: name }),
        Name::Myself => json!({ kind.word: "" }),
        Name::Net(text) => json!({ "networkaddr": text }),
        Name::Netgroup(text) => json!({ "netgroup": text.trim_start_matches('+') }),
        Name::Word(text) => match number(text) {
            Some(number) if !kind.number.is_empty() => json!({ kind.number: number }),
            _ => json!({ kind.word: text }),
        },
        Name::Group(text) => {
            let text = text.strip_prefix('%').unwrap();
            match (text.strip_prefix(':'), number(text.trim_start_matches(':'))) {
                (Some(_), Some(gid)) => json!({ "nonunixgid": gid }),
                (Some(name), None) => json!({ "nonunixgroup": name }),
                (None, Some(gid)) => json!({ "usergid": gid }),
                (None, None) => json!({ "usergroup": text }),
            }
        }
    };
    signed(told, negated)
}

fn command(what: &What, negated: bool, digest: bool) -> Value {
    let mut told = match what {
        What::All => json!({ "command": "ALL" }),
        What::Alias(name) => json!({ "cmndalias": name }),
        What::Path { path, args: None } => json!({ "command": path }),
        What::Path { path, args: Some(args) } => json!({ "command": format!("{path} {args}") }),
    };
    if digest {
        told["digest"] = json!(true);
    }
    signed(told, negated)
}

/// Times are told in full where they are written so; of others only that there is one.
fn instant(text: &str) -> String {
    let whole =
        text.len() == 15 && text.strip_suffix('Z').is_some_and(|t| t.bytes().all(|c| c.is_ascii_digit()));
    if whole { text.to_owned() } else { "?".to_owned() }
}

/// What cvtsudoers prints, mended where it is no JSON: options with a path stand in an array without braces, and
/// after an alias without members there is no comma.
fn parse(text: &str) -> Value {
    if text.is_empty() {
        return json!({});
    }
    let loose = ["\"runchroot\": ", "\"runcwd\": ", "\"role\": ", "\"type\": ", "\"apparmor_profile\": "];
    let mut mended = String::new();
    for line in text.lines().map(str::trim) {
        let (body, comma) = line.strip_suffix(',').map_or((line, ""), |body| (body, ","));
        if mended.ends_with([']', '}']) && line.starts_with(['"', '{']) {
            mended.push(',');
        }
        let braces = loose.iter().any(|start| body.starts_with(start));
        mended += &if braces { format!("{{{body}}}{comma}") } else { line.to_owned() };
    }
    serde_json::from_str(&mended).unwrap_or_else(|error| panic!("{error}: {mended}"))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Digests are only marked: which ones, the collector does not keep.
fn their_command(command: &Value) -> Value {
    let mut told = Map::new();
    for (key, value) in command.as_object().unwrap() {
        if key.starts_with("sha") {
            told.insert("digest".to_owned(), json!(true));
        } else {
            told.insert(key.clone(), value.clone());
        }
    }
    Value::Object(told)
}

/// Their entries; a command that cvtsudoers has put together with the one before it shows nothing of its times, nor of
/// the environment.
fn their_specs(root: &Value) -> Vec<Value> {
    let spec = |spec: &Value| {
        let mut commands = Vec::new();
        for group in array(spec, "Cmnd_Specs") {
            let mut about = Map::new();
            for key in ["runasusers", "runasgroups"] {
                about.extend(group.get(key).map(|list| (key.to_owned(), list.clone())));
            }
            for option in array(group, "Options").iter().filter_map(Value::as_object).flatten() {
                let told = match option.0.as_str() {
                    "authenticate" | "noexec" | "setenv" | "notbefore" | "notafter" => option.1.clone(),
                    "runchroot" => json!(true),
                    _ => continue,
                };
                about.insert(option.0.clone(), told);
            }
            if group.get("SELinux_Spec").is_some() {
                about.insert("role".to_owned(), json!(true));
            }
            for (i, command) in array(group, "Commands").iter().enumerate() {
                commands.push(json!({ "about": about, "command": their_command(command), "joined": i > 0 }));
            }
        }
        json!({ "users": spec["User_List"], "hosts": spec["Host_List"], "commands": commands })
    };
    array(root, "User_Specs").iter().map(spec).collect()
}

fn their_defaults(root: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    for line in array(root, "Defaults") {
        let binding: Vec<Value> = array(line, "Binding").iter().map(their_command).collect();
        for option in array(line, "Options") {
            let (name, value) =
                option.as_object().unwrap().iter().find(|(key, _)| *key != "operation").unwrap();
            let value = match value {
                Value::Array(words) => {
                    json!(words.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" "))
                }
                other => other.clone(),
            };
            told.push(json!({ "binding": binding, "name": name, "value": value }));
        }
    }
    told
}

fn their_aliases(root: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    for (title, kind) in [
        ("User_Aliases", "User"),
        ("Runas_Aliases", "Runas"),
        ("Host_Aliases", "Host"),
        ("Command_Aliases", "Command"),
    ] {
        for (name, members) in root[title].as_object().into_iter().flatten() {
            let members: Vec<Value> = members.as_array().unwrap().iter().map(their_command).collect();
            told.push(json!({ "kind": kind, "name": name, "members": members }));
        }
    }
    told.sort_by_key(Value::to_string);
    told
}

/// Takes out of ours what theirs cannot show, and the mark by which that is known.
fn level(ours: &mut [Value], theirs: &mut [Value], expand: bool) {
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        let (Some(ours), Some(theirs)) = (ours["commands"].as_array_mut(), theirs["commands"].as_array_mut())
        else {
            continue;
        };
        let mut ours = ours.iter_mut();
        for theirs in theirs {
            // An alias without members leaves no trace of what was put together with it.
            let joined = theirs.as_object_mut().unwrap().remove("joined") == Some(json!(true)) || expand;
            let Some(ours) = ours.next() else { continue };
            for key in ["notbefore", "notafter", "setenv", "role"] {
                if joined {
                    ours["about"].as_object_mut().unwrap().remove(key);
                    theirs["about"].as_object_mut().unwrap().remove(key);
                } else if key == "role" && theirs["about"].get(key).is_none() {
                    // They show a role only with a type.
                    ours["about"].as_object_mut().unwrap().remove(key);
                } else if ours["about"].get(key) == Some(&json!("?")) && theirs["about"].get(key).is_some() {
                    ours["about"][key] = theirs["about"][key].clone();
                }
            }
        }
    }
}

/// A flag that was given a value is a flag to them; lists are words.
fn level_defaults(ours: &mut [Value], theirs: &[Value]) {
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        if theirs["value"] == json!(true) && ours["value"].is_string() {
            ours["value"] = json!(true);
        } else if let Some(text) = ours["value"].as_str()
            && theirs["value"].is_string()
            && text.split_whitespace().eq(theirs["value"].as_str().unwrap().split_whitespace())
        {
            ours["value"] = theirs["value"].clone();
        }
    }
}

/// The first thing that differs between two lists.
fn first_difference(what: &str, ours: &[Value], theirs: &[Value]) -> Option<String> {
    let at = ours
        .iter()
        .zip(theirs)
        .position(|(a, b)| a != b)
        .or((ours.len() != theirs.len()).then(|| ours.len().min(theirs.len())))?;
    let show = |list: &[Value]| list.get(at).map_or("nothing".to_owned(), Value::to_string);
    Some(format!("{what} {at}:\n  ours   {}\n  theirs {}", show(ours), show(theirs)))
}

/// The findings of which sudo's parser would complain too.
fn complaints(policy: &Policy) -> Vec<&Finding> {
    let minded = |finding: &&Finding| !matches!(finding.problem, Problem::Insecure | Problem::OtherSource);
    policy.findings.iter().filter(minded).collect()
}

/// What regcomp(3) says.
const REGEX_FAULTS: [&str; 6] = [
    "Unmatched ",
    "Invalid preceding",
    "Invalid range",
    "Invalid content",
    "Trailing backslash",
    "Invalid character class",
];

/// Compares one policy, twice: with its aliases and without.
fn compare(path: &Path, policy: &Policy, text: &str, tally: &mut Tally) {
    for expand in [false, true] {
        let mut program = Program::new("cvtsudoers");
        program.args(["-c", "", "-f", "json"]).args(expand.then_some("-e")).arg(path).env("LC_ALL", "C");
        let out = program.output().unwrap();
        let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let complaints = complaints(policy);
        if !out.status.success() {
            if REGEX_FAULTS.iter().any(|fault| errors.contains(fault)) && complaints.is_empty() {
                tally.listed("a regular expression that does not compile is not noticed");
            } else if !expand {
                let fault = || format!("a fault was not seen:\n{text}\ncvtsudoers says:\n{errors}");
                tally.case(complaints.is_empty().then(fault));
            }
            continue;
        }
        let root = parse(&said);
        let told = Told { policy, expand };
        let (mut ours, mut theirs) = (told.specs(), their_specs(&root));
        level(&mut ours, &mut theirs, expand);
        let (mut defaults, their_defaults) = (told.defaults(&errors), their_defaults(&root));
        level_defaults(&mut defaults, &their_defaults);
        let fault = (!complaints.is_empty()).then(|| format!("a fault where there is none: {complaints:?}"));
        let difference = fault
            .or_else(|| first_difference("entry", &ours, &theirs))
            .or_else(|| first_difference("Defaults", &defaults, &their_defaults))
            .or_else(|| {
                (!expand).then(|| first_difference("alias", &told.aliases(), &their_aliases(&root))).flatten()
            });
        let resolved = if expand { ", aliases resolved" } else { "" };
        tally.case(difference.map(|what| format!("{what}{resolved}, in\n{text}\n{errors}")));
    }
}

#[test]
fn policies_agree_with_cvtsudoers() {
    let mut tally = Tally::new("sudoers-json");
    if oracle::ready(&mut tally, &["cvtsudoers"]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sudoers");
        let budget = Budget::new(150, 2);
        let mut random = Random::seeded(0x5eed_0040);
        for done in (0..).take_while(|done| budget.more(*done)) {
            let text = policies::policy(&mut random, done % 3 == 2, true);
            std::fs::write(&path, &text).unwrap();
            let files = MemoryFiles::new().with("/etc/sudoers", text.as_str());
            compare(&path, &load(&files, &Start::default(), "web1"), &text, &mut tally);
        }
    }
    tally.finish();
}

#[test]
fn policies_of_sudo_agree_with_cvtsudoers() {
    let mut tally = Tally::new("sudoers-json-regress");
    match recorded::tree("sudo") {
        None => tally.skip("sources not fetched: cargo xtask oracles fetches them"),
        Some(tree) if oracle::ready(&mut tally, &["cvtsudoers"]) => {
            let work = tempfile::tempdir().unwrap();
            let every = if oracle::long() { recorded::sudo_policies } else { recorded::plain_sudo_policies };
            for dir in every(&tree, work.path()) {
                let path = dir.join("policy");
                let start = Start { file: path.to_str().unwrap().to_owned(), ..Start::default() };
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                compare(&path, &load(&recorded::memory(&dir), &start, "web1"), &text, &mut tally);
            }
        }
        Some(_) => {}
    }
    tally.finish();
}
