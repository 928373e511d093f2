package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every artifact store promises; one subclass per kind of store runs it. */
abstract class ArtifactStoreContract {
  private static final byte[] HELLO = "hello, blobs".getBytes(UTF_8);
  private static final BlobRef HELLO_REF = new BlobRef(Digest.of(HELLO), HELLO.length);

  abstract ArtifactStore store();

  /** True if the store holds neither blobs nor anything unfinished. */
  abstract boolean isEmpty() throws IOException;

  /** The one blob that there is. */
  private ArtifactStore.StoredBlob seen() throws IOException {
    try (Stream<ArtifactStore.StoredBlob> all = store().blobs()) {
      return assertThat(all.toList()).singleElement().actual();
    }
  }

  private static InputStream hello() {
    return new ByteArrayInputStream(HELLO);
  }

  @Test
  void returnsWhatWasPut() throws IOException {
    assertThat(store().put(hello(), 100)).isEqualTo(HELLO_REF);
    assertThat(store().stat(HELLO_REF.sha256())).contains(HELLO_REF);
    try (InputStream in = store().open(HELLO_REF.sha256())) {
      assertThat(in.readAllBytes()).isEqualTo(HELLO);
    }
  }

  @Test
  void storesAnEmptyBlob() throws IOException {
    BlobRef empty = store().put(InputStream.nullInputStream(), 0);
    assertThat(empty.bytes()).isZero();
    assertThat(store().stat(empty.sha256())).contains(empty);
  }

  @Test
  void opensARange() throws IOException {
    store().put(hello(), 100);
    try (InputStream in = store().open(HELLO_REF.sha256(), 7, 5)) {
      assertThat(in.readAllBytes()).isEqualTo("blobs".getBytes(UTF_8));
    }
    try (InputStream in = store().open(HELLO_REF.sha256(), 100, 5)) {
      assertThat(in.readAllBytes()).isEmpty();
    }
  }

  @Test
  void puttingTwiceIsPuttingOnce() throws IOException {
    store().put(hello(), 100);
    assertThat(store().put(hello(), 100)).isEqualTo(HELLO_REF);
    store().put(HELLO_REF, hello());
    assertThat(store().stat(HELLO_REF.sha256())).contains(HELLO_REF);
  }

  @Test
  void oneByteTooManyStoresNothing() throws IOException {
    assertThatThrownBy(() -> store().put(hello(), HELLO.length - 1))
        .isInstanceOf(BlobTooLarge.class);
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void contentThatIsNotWhatWasAnnouncedStoresNothing() throws IOException {
    byte[] other = "hello, bl0bs".getBytes(UTF_8);
    for (byte[] wrong :
        new byte[][] {other, "hello".getBytes(UTF_8), (HELLO_REF + "!").getBytes(UTF_8)}) {
      assertThatThrownBy(() -> store().put(HELLO_REF, new ByteArrayInputStream(wrong)))
          .isInstanceOf(BlobMismatch.class);
    }
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void possessionIsCheckedEvenIfTheBlobIsThere() throws IOException {
    store().put(hello(), 100);
    assertThatThrownBy(() -> store().put(HELLO_REF, InputStream.nullInputStream()))
        .isInstanceOf(BlobMismatch.class);
  }

  @Test
  void aBrokenSourceStoresNothing() throws IOException {
    ArtifactStore.BlobContent broken =
        out -> {
          out.write(HELLO);
          throw new IOException("connection reset");
        };
    assertThatThrownBy(() -> store().stage(broken, 100)).hasMessage("connection reset");
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void stagedContentIsReadableAndVanishesUnlessPublished() throws IOException {
    try (ArtifactStore.StagedBlob staged = store().stage(out -> out.write(HELLO), 100)) {
      try (InputStream in = staged.open()) {
        assertThat(in.readAllBytes()).isEqualTo(HELLO);
      }
      assertThat(store().stat(staged.ref().sha256())).isEmpty();
    }
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void deletingSaysWhetherThereWasSomething() throws IOException {
    store().put(hello(), 100);
    ArtifactStore.StoredBlob hello = seen();
    assertThat(store().delete(hello)).isTrue();
    assertThat(store().delete(hello)).isFalse();
    assertThatThrownBy(() -> store().open(HELLO_REF.sha256())).isInstanceOf(BlobMissing.class);
  }

  @Test
  void whatIsKeptByNameStaysUntilItIsDropped() throws IOException {
    assertThat(store().keep("part_1", out -> out.write(HELLO), HELLO.length))
        .isEqualTo(HELLO.length);
    try (InputStream in = store().openKept("part_1")) {
      assertThat(in.readAllBytes()).isEqualTo(HELLO);
    }
    assertThat(store().stat(HELLO_REF.sha256())).isEmpty();
    store().drop("part_1");
    store().drop("part_1");
    assertThatThrownBy(() -> store().openKept("part_1")).isInstanceOf(BlobMissing.class);
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void whatIsTooLongOrBreaksOffIsNotKept() throws IOException {
    assertThatThrownBy(() -> store().keep("a", out -> out.write(HELLO), HELLO.length - 1))
        .isInstanceOf(BlobTooLarge.class);
    ArtifactStore.BlobContent broken =
        out -> {
          out.write(HELLO);
          throw new IOException("connection reset");
        };
    assertThatThrownBy(() -> store().keep("a", broken, 100)).hasMessage("connection reset");
    assertThatThrownBy(() -> store().keep("../a", out -> out.write(HELLO), 100))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(isEmpty()).isTrue();
  }

  @Test
  void manyWritersOfOneBlobAllSucceed() throws Exception {
    CyclicBarrier together = new CyclicBarrier(8);
    try (var threads = Executors.newFixedThreadPool(8)) {
      Callable<BlobRef> put =
          () -> {
            together.await();
            return store().put(hello(), 100);
          };
      var puts = IntStream.range(0, 8).mapToObj(i -> threads.submit(put)).toList();
      for (Future<BlobRef> each : puts) {
        assertThat(each.get()).isEqualTo(HELLO_REF);
      }
    }
  }
}
