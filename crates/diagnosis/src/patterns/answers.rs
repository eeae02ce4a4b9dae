//! What the admin answered: the sign-in and the role.

use super::Matrix;
use crate::answers::{Role, SignIn, about_account, explanation};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::text::Message;

/// Characters of a message that are shown again; codes and causes stand at its beginning.
const SHOWN: usize = 200;

impl Matrix<'_> {
    /// Sign-in and role.
    pub(super) fn answers(&mut self) {
        let answers = &self.evidence.supplements.answers;
        let known = explanation(&answers.message);
        if answers.sign_in == Some(SignIn::Failed) {
            let mut evidence = vec![Message::new("evidence-answer-sign-in")];
            if !answers.message.trim().is_empty() {
                let shown: String = answers.message.split_whitespace().collect::<Vec<_>>().join(" ");
                let shown: String = shown.chars().take(SHOWN).collect();
                evidence.push(Message::new("evidence-answer-message").text("message", shown));
            }
            evidence.extend(known.map(Message::new));
            if answers.enhanced_security_off == Some(false) {
                evidence.push(Message::new("evidence-enhanced-security"));
            }
            let account = known.is_some_and(about_account);
            // Without a message about the account, the network may be what failed.
            let confidence = if account { Confidence::Likely } else { Confidence::Possible };
            let summary = Message::new("finding-sign-in-failed");
            self.add(FindingCode::SignInFailed, Severity::Blocking, confidence, summary, evidence);
        }
        let denied = known == Some("lookup-denied");
        if answers.role == Some(Role::Other) || denied {
            let mut evidence = Vec::new();
            if answers.role == Some(Role::Other) {
                evidence.push(Message::new("evidence-answer-role"));
            }
            if denied {
                evidence.push(Message::new("lookup-denied"));
            }
            let confidence =
                if answers.role == Some(Role::Other) { Confidence::Likely } else { Confidence::Possible };
            let summary = Message::new("finding-role-missing");
            self.add(FindingCode::RoleMissing, Severity::Blocking, confidence, summary, evidence);
        }
    }
}
