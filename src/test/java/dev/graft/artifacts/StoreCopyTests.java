package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

class StoreCopyTests {
  @TempDir Path directory;
  private final S3Server server = S3Server.shared();
  private final String name = server.bucket();
  private FileArtifactStore files;
  private S3ArtifactStore bucket;
  private final List<StoreCopy.Progress> news = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    files = FileArtifactStore.open(directory.resolve("files"));
    bucket =
        S3ArtifactStore.open(server.settings(name), directory.resolve("s3"), Publications.NONE);
  }

  @AfterEach
  void close() throws IOException {
    files.close();
    bucket.close();
  }

  private static BlobRef put(ArtifactStore store, String content) throws IOException {
    return store.put(new ByteArrayInputStream(content.getBytes(UTF_8)), 100);
  }

  private StoreCopy.Copied copy(ArtifactStore from, ArtifactStore to, boolean verify)
      throws IOException {
    news.clear();
    return new StoreCopy(
            from,
            to,
            verify,
            each -> {
              synchronized (news) {
                news.add(each);
              }
            })
        .run();
  }

  private static Set<BlobRef> all(ArtifactStore store) throws IOException {
    try (Stream<ArtifactStore.StoredBlob> blobs = store.blobs()) {
      return blobs.map(ArtifactStore.StoredBlob::ref).collect(Collectors.toSet());
    }
  }

  private static String content(ArtifactStore store, BlobRef blob) throws IOException {
    try (InputStream in = store.open(blob.sha256())) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @Test
  void allThatIsStoredAndKeptGoesToTheBucketAndBack() throws IOException {
    for (int i = 0; i < 20; i++) put(files, "blob " + i);
    files.keep("part_1", out -> out.write("arriving".getBytes(UTF_8)), 100);
    assertThat(copy(files, bucket, false))
        .isEqualTo(new StoreCopy.Copied(20, 130, 0, 1, List.of()));
    assertThat(news).hasSize(20).contains(new StoreCopy.Progress(20, 20, 130, 130));
    assertThat(all(bucket)).isEqualTo(all(files));
    try (FileArtifactStore back = FileArtifactStore.open(directory.resolve("back"))) {
      copy(bucket, back, false);
      assertThat(all(back)).isEqualTo(all(files));
      for (BlobRef blob : all(files)) {
        assertThat(content(back, blob)).isEqualTo(content(files, blob));
      }
      try (InputStream in = back.openKept("part_1")) {
        assertThat(in).hasContent("arriving");
      }
    }
  }

  @Test
  void whatIsThereIsNotCopiedAgain() throws IOException {
    put(files, "first");
    copy(files, bucket, false);
    put(files, "second");
    assertThat(copy(files, bucket, false)).isEqualTo(new StoreCopy.Copied(1, 6, 1, 0, List.of()));
    assertThat(copy(files, bucket, true)).isEqualTo(new StoreCopy.Copied(0, 0, 2, 0, List.of()));
  }

  @Test
  void aBlobThatIsDamagedAtTheSourceIsNamedAndTheRestIsCopied() throws IOException {
    BlobRef whole = put(files, "whole");
    BlobRef damaged = put(files, "damaged");
    Path file = files.path(damaged.sha256());
    Files.delete(file);
    Files.writeString(file, "dAmaged");
    assertThat(copy(files, bucket, false).damaged()).containsExactly(damaged.sha256());
    assertThat(all(bucket)).containsExactly(whole);
  }

  @Test
  void whatIsDamagedAtTheTargetIsReplacedWhereItIsVerified() throws IOException {
    BlobRef blob = put(files, "whole");
    copy(files, bucket, false);
    String hex = blob.sha256().hex();
    try (S3Client s3 = server.client()) {
      s3.putObject(
          r -> r.bucket(name).key("blobs/sha256/" + hex.substring(0, 2) + "/" + hex.substring(2)),
          RequestBody.fromString("wh0le"));
    }
    assertThat(copy(files, bucket, true).copied()).isOne();
    assertThat(content(bucket, blob)).isEqualTo("whole");
  }

  @Test
  void theStoreOfAnotherDatabaseIsLeftAlone() throws IOException {
    put(files, "ours");
    files.keep(ArtifactStore.OWNER, out -> out.write(1), 1);
    bucket.keep(ArtifactStore.OWNER, out -> out.write(2), 1);
    assertThatThrownBy(() -> copy(files, bucket, false))
        .hasMessageContaining("another database")
        .hasMessageContaining("nothing was copied");
    assertThat(all(bucket)).isEmpty();
  }
}
