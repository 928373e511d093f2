package dev.graft.nemesis;

import dev.graft.platform.database.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;

/** A PostgreSQL beside several servers, which keeps its address when it is killed. */
final class SharedDatabase implements Killable {
  private static final String CONNECTIONS = "max_connections=200";
  private static final Duration ENDS = Duration.ofSeconds(10);

  private final Path directory;
  private final String port;
  private EmbeddedPostgres postgres;

  SharedDatabase(Path directory, int port) {
    this.directory = directory;
    this.port = "port=" + port;
    this.postgres = EmbeddedPostgres.start(directory, this.port, CONNECTIONS);
  }

  /** The properties of a server that reaches it by this URL. */
  String settings(String url) {
    return """
    spring.datasource.url=%s
    spring.datasource.username=%s
    spring.datasource.password=%s
    """
        .formatted(url, postgres.user(), postgres.password());
  }

  String url() {
    return postgres.url("postgres");
  }

  String user() {
    return postgres.user();
  }

  String password() {
    return postgres.password();
  }

  @Override
  public String name() {
    return "PostgreSQL";
  }

  /** Includes the recovery. */
  @Override
  public void killAndStart() {
    ProcessHandle.of(postgres.pid()).ifPresent(ProcessHandle::destroyForcibly);
    if (!Deadline.in(ENDS).await(() -> ProcessHandle.of(postgres.pid()).isEmpty())) {
      throw new Stuck("a killed PostgreSQL does not end");
    }
    postgres = EmbeddedPostgres.start(directory, port, CONNECTIONS);
  }

  @Override
  public void close() {
    postgres.close();
  }
}
