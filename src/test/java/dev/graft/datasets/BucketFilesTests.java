package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.ForeignBucket.BucketAccess;
import dev.graft.artifacts.S3Failure;
import dev.graft.artifacts.S3Server;
import dev.graft.datasets.AllowedSources.RemoteFiles;
import dev.graft.datasets.FileImportWork.LastingFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** Objects of an S3 server that change, break off and are gone on with. */
class BucketFilesTests {
  private final S3Server server = S3Server.shared();
  private final S3Client s3 = server.client();
  private final String bucket = server.bucket();
  @TempDir private Path directory;

  @AfterEach
  void end() throws IOException {
    s3.close();
    server.remove(bucket);
  }

  @Test
  void whatBrokeOffIsGoneOnWithByTheNextTry() throws Exception {
    byte[] large = new byte[3 << 20];
    new Random(1).nextBytes(large);
    put("large.jsonl", large);
    try (RemoteFiles files = files("large.jsonl", S3Server.SECRET_KEY)) {
      assertThat(files.bytes()).isEqualTo(large.length);
      assertThatThrownBy(
              () ->
                  files.bring(
                      directory,
                      bytes -> {
                        if (bytes > 1 << 20) throw new IllegalStateException("killed");
                      }))
          .hasMessage("killed");
    }
    List<Long> heard = new ArrayList<>();
    try (RemoteFiles files = files("large.jsonl", S3Server.SECRET_KEY)) {
      assertThat(files.bring(directory, heard::add).getFirst()).hasBinaryContent(large);
      assertThat(heard.getFirst()).isGreaterThan(1 << 20);
      heard.clear();
      assertThat(files.bring(directory, heard::add).getFirst()).hasBinaryContent(large);
      assertThat(heard).as("there already").isEmpty();
    }
  }

  @Test
  void anObjectThatChangesMeanwhileIsNoPartOfTheFile() throws Exception {
    put("a.jsonl", "old content".getBytes(UTF_8));
    try (RemoteFiles files = files("a.jsonl", S3Server.SECRET_KEY)) {
      put("a.jsonl", "new content".getBytes(UTF_8));
      S3Failure changed =
          catchThrowableOfType(S3Failure.class, () -> files.bring(directory, bytes -> {}));
      assertThat(LastingFailure.reason(changed)).get().asString().contains("was changed while");
    }
    try (RemoteFiles files = files("a.jsonl", S3Server.SECRET_KEY)) {
      assertThat(files.bring(directory, bytes -> {}).getFirst()).hasContent("new content");
    }
  }

  @Test
  void aBeginningThatWasDamagedIsFetchedAnew() throws Exception {
    byte[] content = "{\"text\":\"a\"}\n".repeat(99).getBytes(UTF_8);
    put("b.jsonl", content);
    try (RemoteFiles files = files("b.jsonl", S3Server.SECRET_KEY)) {
      Path whole = files.bring(directory, bytes -> {}).getFirst();
      Path part = whole.resolveSibling(whole.getFileName() + ".part");
      Files.move(whole, part);
      Files.write(part, new byte[100]);
      assertThat(files.bring(directory, bytes -> {}).getFirst()).hasBinaryContent(content);
    }
  }

  @Test
  void anObjectThatMayNotBeReadSaysWhomToAsk() throws Exception {
    put("c.jsonl", new byte[1]);
    S3Failure refused = catchThrowableOfType(S3Failure.class, () -> files("c.jsonl", "wrong"));
    assertThat(LastingFailure.reason(refused)).get().asString().contains("ask an administrator");
    S3Failure away =
        catchThrowableOfType(
            S3Failure.class,
            () ->
                ForeignBucket.open(
                        new BucketAccess(
                            bucket,
                            java.net.URI.create("http://127.0.0.1:1"),
                            null,
                            true,
                            "a",
                            "b"))
                    .look("c.jsonl"));
    assertThat(LastingFailure.reason(away)).isEmpty();
    assertThat(LastingFailure.passing(away)).doesNotContain("127.0.0.1");
  }

  @Test
  void aListThatIsLongerThanWantedIsNotReadToItsEnd() throws Exception {
    for (int i = 0; i < 4; i++) put("many/" + i + ".jsonl", new byte[1]);
    put("many/0.txt", new byte[1]);
    put("many/deeper/0.jsonl", new byte[1]);
    try (RemoteFiles files = files("many/*.jsonl", S3Server.SECRET_KEY)) {
      assertThat(files.names())
          .containsExactly("many/0.jsonl", "many/1.jsonl", "many/2.jsonl", "many/3.jsonl");
    }
    put("many/4.jsonl", new byte[1]);
    assertThatThrownBy(() -> files("many/*.jsonl", S3Server.SECRET_KEY))
        .hasMessage("The source matches more than 4 files: name fewer.");
  }

  private RemoteFiles files(String key, String secret) throws IOException {
    ForeignBucket opened =
        ForeignBucket.open(
            new BucketAccess(bucket, server.endpoint(), null, true, S3Server.ACCESS_KEY, secret));
    return AllowedSources.BucketFiles.of(
        opened, new ImportSource.OfBucket(bucket, new ImportSource.NamePattern(key)), 4);
  }

  private void put(String key, byte[] content) {
    s3.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromBytes(content));
  }
}
