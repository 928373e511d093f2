package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every line of the log names an event, and what it is about. -Dlogs.write=true writes the page.
 */
class LogEventsTests {
  private static final Path PAGE = Path.of("docs/log-events.md");
  private static final List<LogEvents> EVENTS = LogEvents.ofTheProduct();

  /** Of the diagnostic context: whose request, job or worker it is, whoever logs. */
  private static final Set<String> CONTEXT = Set.of("request", "department", "worker", "trace_id");

  /** Names of ECS, Logstash and GELF: a line that has them twice is not written at all. */
  private static final Set<String> TAKEN =
      Set.of(
          "message",
          "log",
          "process",
          "service",
          "error",
          "event",
          "host",
          "ecs",
          "tags",
          "labels",
          "level",
          "version",
          "timestamp",
          "logger_name",
          "thread_name",
          "level_value",
          "stack_trace");

  private static final Set<String> IDS =
      Set.of(
          "job",
          "submission",
          "trainer",
          "file",
          "import",
          "export",
          "part",
          "model",
          "base",
          "base_model",
          "adapter",
          "evaluation",
          "erasure",
          "endpoint",
          "call",
          "answer",
          "subject",
          "id",
          "device",
          "blob",
          "pid",
          "checkpoint",
          "directory",
          "kind",
          "violation",
          "path");

  /** About the whole process, or a request or worker that the context names. */
  private static final Set<String> OF_THE_PROCESS =
      Set.of(
          "administrator_from_settings",
          "artifacts_swept",
          "attention_is_slower",
          "audit_month_dropped",
          "authentication_limited",
          "calls_failed",
          "calls_unanswered",
          "calls_unread",
          "chats_made_room",
          "children_have_network",
          "children_run_as_root",
          "client_gone",
          "clock_not_compared",
          "clocks_differ",
          "copies_found",
          "credential_not_renewed",
          "credential_renewed",
          "database_was_away",
          "denied_access_unwritten",
          "command_socket_left",
          "command_unread",
          "commands_start_their_own",
          "engine_checked",
          "engine_refused",
          "engine_stream_closed",
          "events_moved_to_history",
          "expired",
          "followed_jobs_unread",
          "gpu_use_unknown",
          "hint_not_told",
          "hints_connection_gone",
          "hints_unheard",
          "identity_provider_failed",
          "inferrer_ended",
          "inferrer_line_ignored",
          "erased_copies_kept",
          "erased_tokens_kept",
          "inferrer_not_started",
          "inspection_lost",
          "joined",
          "left_runs_kept",
          "model_files_not_removed",
          "no_thread_dump",
          "page_failed",
          "page_left",
          "presence_not_written",
          "queue_numbers_unread",
          "reaper_unanswered",
          "resume_environment_differs",
          "retention_removed",
          "running_counter_repaired",
          "stop_times_not_kept",
          "trainer_directive_unreadable",
          "trainer_failed",
          "trainer_heap_full",
          "unfinished_uploads_removed",
          "worker_credential_renewed",
          "worker_joined");

  @Test
  void everyLineNamesAnEvent() {
    assertThat(EVENTS).hasSizeGreaterThan(80);
    assertThat(EVENTS)
        .allSatisfy(each -> assertThat(each.event()).as(each.source()).matches("[a-z]+(_[a-z]+)*"));
  }

  @Test
  void everyLineHasTheIdOfWhatItIsAbout() {
    assertThat(EVENTS)
        .filteredOn(each -> each.fields().stream().noneMatch(IDS::contains))
        .extracting(LogEvents::event)
        .isSubsetOf(OF_THE_PROCESS);
  }

  @Test
  void aRunIsLoggedWithItsJob() {
    assertThat(EVENTS)
        .filteredOn(each -> each.file().toString().matches(".*/worker/(run|ray)/.*"))
        .filteredOn(each -> !each.level().equals("debug"))
        .filteredOn(each -> !Set.of("left_runs_kept", "stop_times_not_kept").contains(each.event()))
        .allSatisfy(
            each ->
                assertThat(each.fields())
                    .as(each.event())
                    .containsAnyOf("job", "submission", "trainer"));
  }

  @Test
  void noFieldHasANameThatTheFormatsOrTheContextHave() {
    assertThat(EVENTS)
        .allSatisfy(
            each ->
                assertThat(each.fields())
                    .as(each.event())
                    .doesNotContainAnyElementsOf(TAKEN)
                    .doesNotContainAnyElementsOf(CONTEXT)
                    .allMatch(name -> name.matches("[a-z]+(_[a-z]+)*")));
  }

  @Test
  void thePageHasThemAll() throws IOException {
    String made = page();
    if (Boolean.getBoolean("logs.write")) Files.writeString(PAGE, made);
    assertThat(Files.readAllLines(PAGE))
        .as("%s; -Dlogs.write=true writes it", PAGE)
        .containsExactlyElementsOf(made.lines().toList());
  }

  /** What an operator is told to look for is there. */
  @Test
  void everyEventOfTheMonitoringPageIsLogged() throws IOException {
    Set<String> there = new TreeSet<>();
    EVENTS.forEach(each -> there.add(each.event()));
    Pattern row =
        Pattern.compile("^\\| (`[a-z_]+`(?:, `[a-z_]+`)*) \\| (?:error|warn) ", Pattern.MULTILINE);
    List<String> named =
        row.matcher(Files.readString(Path.of("docs/monitoring.md")))
            .results()
            .flatMap(each -> Pattern.compile("[a-z_]+").matcher(each.group(1)).results())
            .map(each -> each.group())
            .toList();
    assertThat(named).hasSizeGreaterThan(15).allMatch(there::contains);
  }

  private static String page() {
    var rows = new TreeMap<String, String>();
    for (LogEvents each : EVENTS) {
      String fields =
          each.fields().isEmpty() ? "-" : "`" + String.join("`, `", each.fields()) + "`";
      rows.put(
          each.event() + each.source(),
          "| `%s` | %s | %s | `%s` |\n"
              .formatted(each.event(), each.level(), fields, each.source()));
    }
    return """
    # Events of the log

    Every line that a server, a worker or a trainer can log, with its own fields. The table comes from the code:
    `LogEventsTests` compares them. Which of them are worth an alert, and the formats of the log, are in
    [monitoring.md](monitoring.md#logs). No field has text of a row, a prompt, an answer or a key.

    Lines also have fields of what they are logged for, in whatever class: `request` (the `x-request-id` of the answer),
    `department` (of the key that asks, or whose work is done), `worker` (that calls the server) and `trace_id` (of the
    [trace](monitoring.md#traces), where there is one).

    | event | level | fields | class |
    |---|---|---|---|
    """
        + String.join("", rows.values());
  }
}
