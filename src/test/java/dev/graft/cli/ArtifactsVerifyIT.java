package dev.graft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.pg.TestPostgres;
import dev.graft.tenancy.Departments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import picocli.CommandLine;

/** {@code graft artifacts verify}, on the database and the data directory of a server. */
@OwnServer
class ArtifactsVerifyIT {
  private final TestPostgres.Address database = TestPostgres.migrated();
  @TempDir private Path directory;
  private BlobRef rows;
  private BlobRef weights;
  private BlobRef model;

  /** A file, and a base model of one file. */
  @BeforeEach
  void store() throws IOException {
    ServerOptions options = new ServerOptions();
    options.config = config();
    try (ServerContext server = ServerContext.open(options)) {
      ArtifactStore store = server.get(ArtifactStore.class);
      rows = store.put(new ByteArrayInputStream("rows".getBytes(UTF_8)), 10);
      Path file = Files.writeString(directory.resolve("model.safetensors"), "weights");
      weights = BlobRef.of(file);
      model = ManifestDirectory.store(store, Map.of("model.safetensors", file));
      JdbcClient sql = server.get(JdbcClient.class);
      sql.sql(
              """
              insert into file (id, department_id, filename, purpose, bytes, digest, status, created_at)
              values ('file-1', :department, 'a.jsonl', 'fine-tune', 4, :digest, 'processed', graft_now())
              """)
          .param("department", server.get(Departments.class).ensure("support"))
          .param("digest", rows.sha256().hex())
          .update();
      sql.sql(
              """
              insert into base_model (name, family, manifest, parameters, context_length, bytes, created_at)
              values ('base', 'llama', :manifest, 1, 1, 7, graft_now())
              """)
          .param("manifest", model.sha256().hex())
          .update();
    }
  }

  private Path config() throws IOException {
    return Files.writeString(
        directory.resolve("graft.properties"),
        """
        graft.data-dir=%s
        spring.datasource.url=%s
        spring.datasource.username=%s
        spring.datasource.password=%s
        """
            .formatted(directory, database.url(), database.user(), database.password()));
  }

  private record Ended(int status, List<String> lines) {}

  private Ended verify(String... more) throws IOException {
    StringWriter out = new StringWriter();
    CommandLine command = new CommandLine(new ArtifactsCommand()).setOut(new PrintWriter(out));
    String[] arguments = {"verify", "--config", config().toString()};
    int status =
        command.execute(
            Stream.concat(List.of(arguments).stream(), List.of(more).stream())
                .toArray(String[]::new));
    return new Ended(status, out.toString().lines().toList());
  }

  private Path blob(BlobRef blob) {
    String hex = blob.sha256().hex();
    return directory.resolve(
        "artifacts/blobs/sha256/" + hex.substring(0, 2) + "/" + hex.substring(2));
  }

  @Test
  void allThereAndWhole() throws IOException {
    long bytes = rows.bytes() + weights.bytes() + model.bytes();
    assertThat(verify())
        .isEqualTo(
            new Ended(
                0, List.of("3 artifacts (%d bytes) read: 0 missing, 0 damaged".formatted(bytes))));
  }

  @Test
  void whatIsMissingIsSaidWithTheColumnThatNamesIt() throws IOException {
    Files.delete(blob(rows));
    Files.delete(blob(weights));
    for (String[] how : new String[][] {{}, {"--presence"}}) {
      Ended ended = verify(how);
      assertThat(ended.status()).isOne();
      assertThat(ended.lines())
          .contains(
              "missing sha256:%s used by file.digest".formatted(rows.sha256()),
              "missing sha256:%s used by base_model.manifest".formatted(weights.sha256()));
      assertThat(ended.lines().getLast()).endsWith(": 2 missing, 0 damaged");
    }
  }

  /** Without its list of files nothing is known of those, but that it is gone. */
  @Test
  void aListOfFilesThatIsMissingIsSaid() throws IOException {
    Files.delete(blob(model));
    assertThat(verify().lines())
        .contains("missing sha256:%s used by base_model.manifest".formatted(model.sha256()));
  }

  @Test
  void contentThatHasChangedIsDamaged() throws IOException {
    Files.delete(blob(rows));
    Files.writeString(blob(rows), "sown");
    Ended ended = verify();
    assertThat(ended.status()).isOne();
    assertThat(ended.lines())
        .contains("damaged sha256:%s used by file.digest".formatted(rows.sha256()));
    assertThat(verify("--presence").status()).isZero();
  }
}
