package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.client.BundledModel;
import dev.graft.client.NoAnswer;
import dev.graft.jobs.JoinTokens;
import dev.graft.pg.TestPostgres;
import dev.graft.platform.LoopThreads;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.scheduling.config.ScheduledTaskHolder;
import picocli.CommandLine;

/** Short commands on a server's database, which may run at the same time. */
@OwnServer
class CommandContextIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  @TempDir private Path directory;

  /** A command that claimed work of a server would be interrupted in it when it ends. */
  @Test
  void aCommandStartsNoneOfTheServersLoopsAndSchedules() throws IOException {
    try (ServerContext server = ServerContext.open(options())) {
      assertThat(server.all(LoopThreads.class))
          .hasSizeGreaterThan(2)
          .noneMatch(LoopThreads::isRunning);
      assertThat(server.all(ScheduledTaskHolder.class)).isEmpty();
      assertThat(server.get(JoinTokens.class).list(null, 1)).isNotNull();
    }
  }

  @Test
  void asManyTokensAsWorkersAreAskedForAreOneALine() throws IOException {
    StringWriter out = new StringWriter();
    CommandLine command = new CommandLine(new WorkerTokenCommand()).setOut(new PrintWriter(out));
    int status = command.execute("create", "--count", "3", "--config", config().toString());
    assertThat(status).isZero();
    assertThat(out.toString().lines()).hasSize(3).doesNotHaveDuplicates();
    assertThat(out.toString().lines()).allMatch(line -> line.matches("graft-join-\\S+"));
    command.setErr(new PrintWriter(new StringWriter()));
    assertThat(command.execute("create", "--count", "0")).isEqualTo(2);
  }

  /** The rest of the way is a client's, which meets nobody here. */
  @Test
  void theDemoOnAServerRegistersItsModelThere() throws IOException {
    Path data = directory.resolve("data");
    Map<String, String> settings =
        Map.of(
            "graft.data-dir", data.toString(),
            "spring.datasource.url", DATABASE.url(),
            "spring.datasource.username", DATABASE.user(),
            "spring.datasource.password", DATABASE.password());
    settings.forEach(System::setProperty);
    try {
      CommandLine command = new CommandLine(new DemoCommand());
      String nobody = "http://127.0.0.1:1";
      command.setExecutionExceptionHandler(
          (failure, line, result) -> failure instanceof NoAnswer ? 3 : 1);
      assertThat(command.execute("--server", nobody)).isEqualTo(3);
    } finally {
      settings.keySet().forEach(System::clearProperty);
    }
    try (ServerContext server = ServerContext.open(options())) {
      assertThat(server.get(BaseModels.class).list())
          .extracting(BaseModel::name)
          .containsExactly(BundledModel.NAME);
      assertThat(server.get(Departments.class).find("demo")).isPresent();
    }
    assertThat(data.resolve("artifacts")).isDirectoryRecursivelyContaining("glob:**/blobs/**");
  }

  private ServerOptions options() throws IOException {
    ServerOptions options = new ServerOptions();
    options.config = config();
    options.dataDir = directory;
    return options;
  }

  /** The password in a file of its own, as docker-compose.yml gives it. */
  private Path config() throws IOException {
    Path secrets = Files.createDirectories(directory.resolve("secrets"));
    Files.writeString(secrets.resolve("spring.datasource.password"), DATABASE.password());
    String settings =
        """
        graft.data-dir: %s
        spring.datasource: {url: '%s', username: '%s'}
        spring.config.import: 'configtree:%s/'
        """
            .formatted(directory, DATABASE.url(), DATABASE.user(), secrets);
    return Files.writeString(directory.resolve("graft.yml"), settings);
  }
}
