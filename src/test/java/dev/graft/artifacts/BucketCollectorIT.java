package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import dev.graft.pg.BucketStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.test.context.ContextConfiguration;
import software.amazon.awssdk.services.s3.S3Client;

/** The same where the blobs lie in a bucket; and who is first, decided by the database. */
@ContextConfiguration(initializers = BucketStore.class)
class BucketCollectorIT extends BlobCollectorIT {
  @Autowired Publications publications;
  @Autowired Environment environment;

  private StoredBlob seen() throws IOException {
    try (Stream<StoredBlob> all = use.store.blobs()) {
      return assertThat(all.toList()).singleElement().actual();
    }
  }

  @Test
  void theBlobsLieInABucket() {
    assertThat(use.store).isInstanceOf(S3ArtifactStore.class);
  }

  @Test
  void oneThatWasPublishedAgainSinceItWasSeenStays() throws IOException {
    Digest content = use.put("twice");
    StoredBlob seen = seen();
    use.put("twice");
    assertThat(use.store.delete(seen)).isFalse();
    assertThat(use.store.stat(content)).isPresent();
    assertThat(use.store.delete(seen())).isTrue();
    assertThat(use.store.stat(content)).isEmpty();
  }

  /** As after a copy from elsewhere. */
  @Test
  void oneWhosePublicationWasNeverNotedGoesLikeAnother() throws IOException {
    Digest content = use.put("copied");
    sql.sql("delete from blob_publication").update();
    StoredBlob seen = seen();
    use.put("copied");
    assertThat(use.store.delete(seen)).isFalse();
    sql.sql("delete from blob_publication").update();
    assertThat(use.store.delete(seen())).isTrue();
    assertThat(use.store.stat(content)).isEmpty();
    assertThat(sql.sql("select count(*) from blob_publication").query(Long.class).single())
        .isZero();
  }

  @Test
  void whoPublishesWhileItIsRemovedWaitsAndStoresItAnew() throws Exception {
    Digest content = use.put("to and fro");
    StoredBlob seen = seen();
    CountDownLatch removing = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<Boolean> removal =
        begin(
            () ->
                publications.remove(
                    seen,
                    () -> {
                      removing.countDown();
                      awaited(go);
                      deleteObject(content);
                      return true;
                    }));
    removing.await();
    CompletableFuture<Digest> publication = begin(() -> use.put("to and fro"));
    await().until(this::somebodyWaitsForARow);
    assertThat(publication).isNotDone();
    go.countDown();
    assertThat(removal.get()).isTrue();
    assertThat(publication.get()).isEqualTo(content);
    try (InputStream in = use.store.open(content)) {
      assertThat(in).hasContent("to and fro");
    }
  }

  private static void awaited(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static <T> CompletableFuture<T> begin(Callable<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable failed) {
                result.completeExceptionally(failed);
              }
            });
    return result;
  }

  private boolean somebodyWaitsForARow() {
    return sql.sql(
            "select exists (select 1 from pg_locks where not granted and locktype ="
                + " 'transactionid')")
        .query(Boolean.class)
        .single();
  }

  private void deleteObject(Digest digest) {
    String hex = digest.hex();
    String key = "blobs/sha256/" + hex.substring(0, 2) + "/" + hex.substring(2);
    String bucket = environment.getRequiredProperty("graft.artifacts.s3.bucket");
    try (S3Client s3 = S3Server.shared().client()) {
      s3.deleteObject(r -> r.bucket(bucket).key(key));
    }
  }
}
