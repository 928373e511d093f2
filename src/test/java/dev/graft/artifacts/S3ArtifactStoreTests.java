package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.MultipartUpload;

/** The contract, and what only a bucket can do wrong, on a real S3 server. */
class S3ArtifactStoreTests extends ArtifactStoreContract {
  private static final String[] SMALL_PARTS = {
    "prefix=/team/graft/", "multipart-threshold=5MB", "part-size=5MB"
  };
  private static final byte[] LARGE = bytes(12 << 20);
  private static final BlobRef LARGE_REF = new BlobRef(Digest.of(LARGE), LARGE.length);

  @TempDir Path root;
  private final S3Server server = S3Server.shared();
  private final S3Client s3 = server.client();
  private final String bucket = server.bucket();
  private S3ArtifactStore store;

  @BeforeEach
  void open() throws IOException {
    store = open(server.settings(bucket, SMALL_PARTS));
  }

  private S3ArtifactStore open(S3Properties settings) throws IOException {
    return S3ArtifactStore.open(settings, root, Publications.NONE);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
    s3.close();
  }

  @Override
  ArtifactStore store() {
    return store;
  }

  @Override
  boolean isEmpty() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.noneMatch(f -> Files.isRegularFile(f) && !f.toString().endsWith(".lock"))
          && s3.listObjectsV2(r -> r.bucket(bucket)).contents().isEmpty()
          && unfinished() == 0;
    }
  }

  private int unfinished() {
    return s3.listMultipartUploads(r -> r.bucket(bucket)).uploads().size();
  }

  private static byte[] bytes(int length) {
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    return content;
  }

  private static InputStream large() {
    return new ByteArrayInputStream(LARGE);
  }

  private String key(BlobRef blob) {
    String hex = blob.sha256().hex();
    return "team/graft/blobs/sha256/" + hex.substring(0, 2) + "/" + hex.substring(2);
  }

  @Test
  void aBlobIsAnObjectNamedByItsDigestUnderThePrefix() throws IOException {
    BlobRef blob = store.put(new ByteArrayInputStream("x".getBytes(UTF_8)), 1);
    assertThat(s3.getObjectAsBytes(r -> r.bucket(bucket).key(key(blob))).asUtf8String())
        .isEqualTo("x");
    assertThat(store.local(blob.sha256())).isEmpty();
  }

  @Test
  void aLargeBlobIsSentInPartsAndReadInRangesAcrossThem() throws IOException {
    store.put(LARGE_REF, large());
    assertThat(s3.headObject(r -> r.bucket(bucket).key(key(LARGE_REF))).eTag())
        .as("in three parts")
        .endsWith("-3\"");
    try (InputStream in = store.open(LARGE_REF.sha256())) {
      assertThat(Digest.of(in.readAllBytes())).isEqualTo(LARGE_REF.sha256());
    }
    int edge = 5 << 20;
    try (InputStream in = store.open(LARGE_REF.sha256(), edge - 2, 4)) {
      assertThat(in.readAllBytes())
          .isEqualTo(new byte[] {LARGE[edge - 2], LARGE[edge - 1], LARGE[edge], LARGE[edge + 1]});
    }
    assertThat(unfinished()).isZero();
  }

  @Test
  void manyWritersOfOneLargeBlobAllSucceed() throws Exception {
    CyclicBarrier together = new CyclicBarrier(3);
    try (var threads = Executors.newFixedThreadPool(3)) {
      Callable<BlobRef> put =
          () -> {
            together.await();
            return store.put(large(), LARGE.length);
          };
      var puts = IntStream.range(0, 3).mapToObj(i -> threads.submit(put)).toList();
      for (Future<BlobRef> each : puts) assertThat(each.get()).isEqualTo(LARGE_REF);
    }
    assertThat(unfinished()).isZero();
  }

  @Test
  void aDamagedBlobIsReplacedByPuttingItAgain() throws IOException {
    BlobRef blob = store.put(new ByteArrayInputStream("whole".getBytes(UTF_8)), 5);
    s3.putObject(r -> r.bucket(bucket).key(key(blob)), RequestBody.fromString("who"));
    store.put(new ByteArrayInputStream("whole".getBytes(UTF_8)), 5);
    try (InputStream in = store.open(blob.sha256())) {
      assertThat(in).hasContent("whole");
    }
  }

  @Test
  void allBlobsAreListedHoweverManyPagesThatTakesAndNothingElse() throws IOException {
    for (int i = 0; i < 1003; i++) {
      byte[] content = Integer.toString(i).getBytes(UTF_8);
      BlobRef ref = new BlobRef(Digest.of(content), content.length);
      s3.putObject(r -> r.bucket(bucket).key(key(ref)), RequestBody.fromBytes(content));
    }
    s3.putObject(
        r -> r.bucket(bucket).key("team/graft/blobs/sha256/readme"), RequestBody.fromString("x"));
    s3.putObject(r -> r.bucket(bucket).key("other/blobs"), RequestBody.fromString("x"));
    try (Stream<ArtifactStore.StoredBlob> all = store.blobs()) {
      assertThat(all.map(ArtifactStore.StoredBlob::ref).distinct()).hasSize(1003);
    }
  }

  @Test
  void aWriterThatIsKilledWhileItSendsPartsLeavesNothingToSee() throws Exception {
    Instant begun;
    try (Forwarder network = Forwarder.stallingAfter(server.endpoint(), 8 << 20)) {
      Process writer = writer(network);
      try {
        network.awaitStall();
        MultipartUpload upload =
            s3.listMultipartUploads(r -> r.bucket(bucket)).uploads().getFirst();
        assertThat(upload.key()).isEqualTo(key(LARGE_REF));
        begun = upload.initiated();
        writer.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      } finally {
        writer.destroyForcibly();
      }
    }
    assertThat(store.stat(LARGE_REF.sha256())).isEmpty();
    assertThat(store.blobs()).isEmpty();
    store.removeUnfinished(begun.plus(Duration.ofHours(23)));
    assertThat(unfinished()).as("another may be at it").isOne();
    store.removeUnfinished(begun.plus(Duration.ofHours(25)));
    store.close();
    open();
    assertThat(isEmpty()).isTrue();
  }

  private Process writer(Forwarder network) throws IOException {
    Path content = Files.write(root.resolveSibling("large-" + bucket), LARGE);
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx96m",
            "-cp",
            System.getProperty("java.class.path"),
            S3Writer.class.getName(),
            network.endpoint().toString(),
            bucket,
            root.toString(),
            content.toString())
        .inheritIO()
        .start();
  }

  @Test
  void aDownloadWhoseConnectionIsCutGoesOnWhereItEnded() throws IOException {
    store.put(LARGE_REF, large());
    try (Forwarder network = Forwarder.cuttingAfter(server.endpoint(), 5 << 20);
        S3ArtifactStore cut =
            open(server.settings(bucket, "prefix=team/graft", "endpoint=" + network.endpoint()));
        InputStream in = cut.open(LARGE_REF.sha256(), 1, Long.MAX_VALUE)) {
      byte[] read = in.readAllBytes();
      assertThat(Arrays.equals(read, 0, read.length, LARGE, 1, LARGE.length)).isTrue();
    }
  }

  @Test
  void aReaderThatLeavesALargeBlobEarlyDoesNotReadTheRest() throws IOException {
    store.put(LARGE_REF, large());
    for (int i = 0; i < 600; i++) {
      try (InputStream in = store.open(LARGE_REF.sha256())) {
        assertThat(in.read()).isEqualTo(LARGE[0] & 0xff);
      }
    }
  }
}
