package dev.graft.cli.doctor;

import dev.graft.platform.EmbeddedPostgres;
import dev.graft.platform.EmbeddedState;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** The PostgreSQL of the data directory. It is not started for this. */
record EmbeddedDatabase(Path dataDir, Clock clock) implements Check {
  @Override
  public String name() {
    return Database.NAME;
  }

  @Override
  public List<Finding> findings() {
    return switch (EmbeddedState.of(dataDir)) {
      case EmbeddedState.Absent() ->
          List.of(Finding.ok(name(), "embedded, which serve will set up"));
      case EmbeddedState.Stopped(String version) ->
          List.of(Finding.ok(name(), "embedded, " + version + ", stopped"));
      case EmbeddedState.Unfit(String why, String cure) ->
          List.of(Finding.missing(name(), why, cure));
      case EmbeddedState.Running(EmbeddedPostgres postgres, boolean held) ->
          running(postgres, held);
    };
  }

  private List<Finding> running(EmbeddedPostgres postgres, boolean held) {
    Properties login = new Properties();
    login.setProperty("user", postgres.user());
    login.setProperty("password", postgres.password());
    String of = held ? "runs for a Graft" : "was left running by a killed Graft; serve adopts it";
    List<Finding> asked =
        new ArrayList<>(new Database(postgres.url("postgres"), login, clock).findings());
    Finding server = asked.getFirst();
    if (server.status() == Status.OK) {
      asked.set(0, Finding.ok(name(), "embedded, %s, %s".formatted(server.detail(), of)));
    }
    return asked;
  }
}
