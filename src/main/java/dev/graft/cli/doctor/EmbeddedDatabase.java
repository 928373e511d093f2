package dev.graft.cli.doctor;

import dev.graft.platform.database.EmbeddedPostgres;
import dev.graft.platform.database.EmbeddedState;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The PostgreSQL of the data directory. It is not started for this. */
record EmbeddedDatabase(Path dataDir, Clock clock) implements Check {
  @Override
  public String name() {
    return Database.NAME;
  }

  @Override
  public List<CheckResult> findings() {
    return switch (EmbeddedState.of(dataDir)) {
      case EmbeddedState.Absent() ->
          List.of(CheckResult.ok(name(), "embedded, which serve will set up"));
      case EmbeddedState.Stopped(String version) ->
          List.of(CheckResult.ok(name(), "embedded, " + version + ", stopped"));
      case EmbeddedState.Unfit(String why, String cure) ->
          List.of(CheckResult.missing(name(), why, cure));
      case EmbeddedState.Running(EmbeddedPostgres postgres, boolean held) ->
          running(postgres, held);
    };
  }

  private List<CheckResult> running(EmbeddedPostgres postgres, boolean held) {
    DatabaseAddress database = DatabaseAddress.of(postgres);
    String of = held ? "runs for a Graft" : "was left running by a killed Graft; serve adopts it";
    List<CheckResult> asked =
        new ArrayList<>(new Database(database.url(), database.login(), clock).findings());
    CheckResult server = asked.getFirst();
    if (server.status() == CheckStatus.OK) {
      asked.set(0, CheckResult.ok(name(), "embedded, %s, %s".formatted(server.detail(), of)));
    }
    return asked;
  }
}
