//! What may happen around a run: each kind in the place where its commands, files and accounts are.

use super::*;

/// Each kind, how many cases it has, and the tests that play it.
const ELSEWHERE: [Elsewhere; 26] = [
    Elsewhere::of(
        "same-account-twice",
        2,
        &[
            "nightly one_account::two_pairs_on_one_location_are_a_mistake_of_the_configuration",
            "nightly one_account::two_keys_that_open_one_cliengo_account_are_found_out_before_either_pair_writes",
        ],
    ),
    Elsewhere::of(
        "undo-unified",
        2,
        &[
            "nightly arrivals::an_undo_leaves_a_contact_that_the_create_only_matched_and_parts_both",
            "nightly arrivals::a_create_that_is_answered_with_an_older_contact_is_a_match",
        ],
    ),
    Elsewhere::of(
        "created-meanwhile",
        3,
        &["nightly arrivals::who_arrives_between_listing_and_create_is_matched_and_not_doubled"],
    ),
    Elsewhere::of(
        "secondary-lead",
        1,
        &["nightly stays::a_fresh_lead_whose_shared_contact_is_removed_stays_and_is_named"],
    ),
    Elsewhere::of(
        "held-double",
        2,
        &["nightly stays::whom_somebody_removed_does_not_come_back_out_of_a_held_duplicate"],
    ),
    Elsewhere::of(
        "rotation-emptied",
        1,
        &["nightly rotation::a_share_that_is_suddenly_empty_deletes_nothing_however_many_nights_it_takes"],
    ),
    Elsewhere::of("rotation-starved", 1, &["nightly rotation::one_that_cannot_be_read_does_not_stop_the_others_turn"]),
    Elsewhere::of(
        "late-child",
        3,
        &["nightly late_edits::a_task_or_note_that_is_added_after_the_listing_keeps_its_contact"],
    ),
    Elsewhere::of(
        "unmapped-edit",
        6,
        &[
            "nightly late_edits::an_edit_of_a_field_that_is_not_mapped_beats_a_delete",
            "nightly late_edits::an_undo_leaves_a_contact_in_which_somebody_edited_any_field",
        ],
    ),
    Elsewhere::of(
        "edit-between-tries",
        2,
        &[
            "nightly tries::an_edit_between_a_lost_answer_and_the_next_try_wins",
            "nightly tries::an_edit_between_a_lost_answer_and_the_next_night_wins",
        ],
    ),
    Elsewhere::of(
        "first-sync-over-quota",
        3,
        &[
            "nightly quota::a_first_sync_of_more_than_a_days_quota_goes_on_night_after_night",
            "nightly quota::a_quota_smaller_than_one_listing_is_no_reason_to_do_nothing_for_ever",
        ],
    ),
    Elsewhere::of("lead-fields-merge", 1, &["nightly stays::the_other_answers_of_a_chatbot_survive_a_write"]),
    Elsewhere::of(
        "state-unreadable",
        3,
        &[
            "nightly state_files::a_state_that_cannot_be_used_is_no_first_night_for_any_command",
            "nightly state_files::a_link_to_a_volume_that_is_not_mounted_is_no_first_night",
        ],
    ),
    Elsewhere::of(
        "undo-stays",
        3,
        &[
            "nightly stays::what_an_undo_took_back_is_not_done_again_by_comparing_both_sides",
            "nightly stays::a_contact_that_an_undo_took_back_does_not_come_back_out_of_a_duplicate",
        ],
    ),
    Elsewhere::of("killed-run", 1, &["nightly standing::a_run_that_was_killed_is_cut_off_and_one_under_way_is_not"]),
    Elsewhere::of(
        "stale-approval",
        2,
        &["nightly approvals::an_approval_that_fits_no_plan_is_said_and_nothing_is_written"],
    ),
    Elsewhere::of(
        "plan-exit-code",
        2,
        &["nightly standing::the_dry_run_says_with_its_exit_code_what_the_night_will_do"],
    ),
    Elsewhere::of(
        "database-locked",
        2,
        &["nightly state_files::a_state_that_another_program_holds_is_said_once_and_is_not_damaged"],
    ),
    Elsewhere::of(
        "account-swapped",
        1,
        &["nightly whose_account::a_key_of_another_account_ends_the_run_before_anything_is_written"],
    ),
    Elsewhere::of(
        "redirect",
        3,
        &[
            "crm_http refusals::a_redirect_is_sent_nothing_and_asked_once",
            "crm_http bounds::a_redirect_is_not_followed_with_the_key_or_with_a_body",
        ],
    ),
    Elsewhere::of(
        "secret-echo",
        5,
        &["nightly secrets_kept::no_piece_of_a_secret_that_a_crm_repeats_is_in_anything_that_leaves_the_program"],
    ),
    Elsewhere::of(
        "gzip-bomb",
        1,
        &["crm_http bombs::a_small_answer_that_unpacks_to_a_large_one_is_read_up_to_its_bound_and_is_no_answer"],
    ),
    Elsewhere::of(
        "huge-body",
        1,
        &[
            "crm_http bounds::an_endless_answer_is_read_up_to_its_bound_and_is_no_answer",
            "crm_http bodies::half_a_character_and_a_number_without_an_end_hold_no_listing_up",
        ],
    ),
    Elsewhere::of("charset", 2, &["crm_http bodies::bytes_of_another_encoding_become_no_names"]),
    Elsewhere::of(
        "hostile-name",
        8,
        &["nightly hostile_names::no_name_paints_the_terminal_forges_a_line_or_is_a_formula"],
    ),
    Elsewhere::of("hostile-id", 3, &["crm_http bodies::an_id_that_leads_elsewhere_is_asked_nothing_about"]),
];

#[test]
fn every_case_of_an_operation_is_played_by_a_test() {
    all_are_played("operations.json", &[], &ELSEWHERE);
}
