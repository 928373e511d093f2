package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A blob that is being removed while others publish, read or remove it too. */
class BlobRemovalTests {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final BlobRef BLOB = new BlobRef(Digest.of(CONTENT), CONTENT.length);

  @TempDir Path root;
  private FileArtifactStore store;
  private StoredBlob seen;

  @BeforeEach
  void aBlob() throws IOException {
    store = FileArtifactStore.open(root);
    publish();
    seen = seen();
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private void publish() throws IOException {
    store.put(new ByteArrayInputStream(CONTENT), CONTENT.length);
  }

  private StoredBlob seen() throws IOException {
    try (Stream<StoredBlob> all = store.blobs()) {
      List<StoredBlob> blobs = all.toList();
      assertThat(blobs).hasSize(1);
      return blobs.getFirst();
    }
  }

  private void assertThatItIsThere() throws IOException {
    try (InputStream in = store.open(BLOB.sha256())) {
      assertThat(in.readAllBytes()).isEqualTo(CONTENT);
    }
    assertThat(root.resolve("aside")).isEmptyDirectory();
  }

  @Test
  void oneThatWasPublishedAgainSinceItWasSeenStays() throws IOException {
    publish();
    assertThat(store.delete(seen)).isFalse();
    assertThatItIsThere();
    assertThat(store.delete(seen())).isTrue();
    assertThat(store.stat(BLOB.sha256())).isEmpty();
  }

  @Test
  void anUploadOfWhatIsThereAlreadyIsAPublicationToo() throws IOException {
    store.put(BLOB, new ByteArrayInputStream(CONTENT));
    assertThat(store.delete(seen)).isFalse();
    assertThatItIsThere();
  }

  @Test
  void oneThatWasPublishedAgainInTheLastMomentIsGivenBack() throws IOException {
    publish();
    Path aside = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    assertThat(store.stat(BLOB.sha256())).isEmpty();
    assertThat(store.removal.settle(seen, aside)).isFalse();
    assertThatItIsThere();
  }

  @Test
  void oneThatIsPublishedWhileItLiesAsideIsANewFile() throws IOException {
    Path aside = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    publish();
    assertThat(store.removal.settle(seen, aside)).isTrue();
    assertThatItIsThere();
  }

  @Test
  void whatLiesAsideCannotBeMarkedAsPublished() throws IOException {
    Path aside = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    assertThat(store.renew(BLOB)).isFalse();
    store.put(BLOB, new ByteArrayInputStream(CONTENT));
    assertThat(store.removal.settle(seen, aside)).isTrue();
    assertThatItIsThere();
  }

  @Test
  void oneThatWasPublishedBothBeforeAndWhileItLayAsideIsThereOnce() throws IOException {
    publish();
    Path aside = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    publish();
    assertThat(store.removal.settle(seen, aside)).isFalse();
    assertThatItIsThere();
  }

  @Test
  void whatAKilledProcessLeftAsideIsGivenBack() throws IOException {
    Files.writeString(root.resolve("aside/readme"), "not a blob");
    store.removal.putAside(BLOB.sha256());
    FileArtifactStore.open(root).close();
    Files.delete(root.resolve("aside/readme"));
    assertThatItIsThere();
  }

  @Test
  void anotherProcessThatGivesBackWhatIsUnderRemovalLosesNothing() throws IOException {
    Path aside = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    FileArtifactStore.open(root).close();
    assertThat(store.removal.settle(seen, aside)).isFalse();
    assertThatItIsThere();
  }

  @Test
  void twoRemovalsAtOnceDoNotTakeWhatIsPublishedBetweenThem() throws IOException {
    Path first = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    publish();
    Path second = Objects.requireNonNull(store.removal.putAside(BLOB.sha256()));
    assertThat(store.removal.settle(seen, first)).isTrue();
    assertThat(store.removal.settle(seen, second)).isFalse();
    assertThatItIsThere();
  }

  @Test
  void whoeverReadsItReadsOn() throws IOException {
    try (InputStream in = store.open(BLOB.sha256())) {
      assertThat(store.delete(seen)).isTrue();
      assertThat(in.readAllBytes()).isEqualTo(CONTENT);
    }
  }

  @Test
  void whatWasPublishedIsThereHoweverManyRemoveIt() throws Exception {
    int rounds = 300;
    CyclicBarrier together = new CyclicBarrier(3);
    try (var threads = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < rounds; round++) {
        publish();
        StoredBlob old = seen();
        Future<Boolean> one = threads.submit(() -> removal(together, old));
        Future<Boolean> other = threads.submit(() -> removal(together, old));
        together.await();
        publish();
        one.get();
        other.get();
        assertThatItIsThere();
      }
    }
  }

  private boolean removal(CyclicBarrier together, StoredBlob old) throws Exception {
    together.await();
    return store.delete(old);
  }
}
