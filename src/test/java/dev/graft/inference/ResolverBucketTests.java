package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.S3Properties;
import dev.graft.artifacts.S3Server;
import dev.graft.inference.EngineSync.EngineHealth.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Adapters in a bucket of a real S3 server, for engines that look there. */
class ResolverBucketTests {
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  private final S3Server server = S3Server.shared();
  private final S3Client client = server.client();
  private final String bucket = server.bucket();
  @TempDir Path temporary;
  private FileArtifactStore store;

  @BeforeEach
  void open() throws IOException {
    store = FileArtifactStore.open(temporary.resolve("store"));
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    store.close();
  }

  private EngineSync sync(String in) {
    S3Properties settings = server.settings("another").at(in, "prod");
    Path scratch = temporary.resolve("scratch");
    return new EngineSync(
        new AdapterPlace.ResolverBucket(settings, scratch, store), null, List.of(), CLOCK);
  }

  private EngineSync.EngineHealth check(EngineSync sync, AdapterPlace.Served... wanted)
      throws InterruptedException {
    return sync.check(
        List.of(wanted), each -> SampleAdapters.source(store, each, "{\"r\": 4}"), id -> true);
  }

  private List<String> keys() {
    return client.listObjectsV2(r -> r.bucket(bucket)).contents().stream()
        .map(S3Object::key)
        .filter(key -> !key.contains("probe/"))
        .sorted()
        .toList();
  }

  @Test
  void anAdapterIsThereUnderItsNameWhileItIsWanted() throws Exception {
    AdapterPlace.Served one = SampleAdapters.served("ft:small:support::one", "one");
    AdapterPlace.Served two = SampleAdapters.served("ft:small:support::two", "two");
    try (EngineSync sync = sync(bucket)) {
      EngineSync.EngineHealth found = check(sync, one);
      assertThat(found.status()).isEqualTo(Status.READY);
      assertThat(found.models().getFirst().status()).isEqualTo("published");
      assertThat(keys())
          .containsExactly(
              "prod/ft:small:support::one/adapter_config.json",
              "prod/ft:small:support::one/adapter_model.safetensors");
      assertThat(content("prod/ft:small:support::one/adapter_model.safetensors")).isEqualTo("one");
      client.putObject(
          r -> r.bucket(bucket).key("prod/by-hand.txt"), RequestBody.fromString("theirs"));
      check(sync, two);
      assertThat(keys())
          .containsExactly(
              "prod/by-hand.txt",
              "prod/ft:small:support::two/adapter_config.json",
              "prod/ft:small:support::two/adapter_model.safetensors");
    }
  }

  @Test
  void aBucketThatCannotBeUsedIsTold() throws Exception {
    try (EngineSync sync = sync("no-such-bucket")) {
      EngineSync.EngineHealth found =
          check(sync, SampleAdapters.served("ft:small:support::one", "one"));
      assertThat(found.status()).isEqualTo(Status.UNREACHABLE);
      assertThat(found.error()).contains("no-such-bucket");
    }
  }

  private String content(String key) {
    return client.getObjectAsBytes(r -> r.bucket(bucket).key(key)).asUtf8String();
  }
}
