//! A part of a plan: some of its operations, as a plan of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::evaluate;
use super::model::{Input, LinkRef, Plan, Work};
use crate::record::Target;

impl Plan {
    /// Keeps these operations alone, numbers them again, and evaluates the guards on what is left. What an operation depends
    /// on is to be among them.
    pub fn keep_only(&mut self, kept: &BTreeSet<u32>, input: &Input<'_>) {
        self.operations.retain(|operation| kept.contains(&operation.id));
        let numbers: BTreeMap<u32, u32> =
            self.operations.iter().zip(1..).map(|(operation, number)| (operation.id, number)).collect();
        let renumber = |number: &mut u32| {
            if let Some(now) = numbers.get(number) {
                *number = *now;
            }
        };
        for operation in &mut self.operations {
            renumber(&mut operation.id);
            let links: Vec<&mut LinkRef> = match &mut operation.work {
                Work::Link(link) => link.made.parent.iter_mut().collect(),
                Work::Write(_, settle) => settle.links_mut().collect(),
            };
            for link in links {
                if let LinkRef::MadeBy(made_by) = link {
                    renumber(made_by);
                }
            }
            let Work::Write(write, _) = &mut operation.work else { continue };
            for target in [&mut write.target, &mut write.parent].into_iter().flatten() {
                if let Target::CreatedBy(created_by) = target {
                    renumber(created_by);
                }
            }
        }
        self.guards = evaluate(self, input);
    }
}
