package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two jobs at once: one evicts while the other fetches, links or waits for the same. */
class BlobCacheConcurrencyTests {
  private static final int WEIGHTS = 10_000;
  private static final int MODELS = 5;
  private static final long MANIFESTS = 1_000;

  @TempDir Path root;
  private final Map<Digest, byte[]> elsewhere = new ConcurrentHashMap<>();
  private final AtomicInteger fetches = new AtomicInteger();
  private final List<Digest> models = new ArrayList<>();
  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private FileArtifactStore store; // before each test
  private BlobCache cache;

  @BeforeEach
  void aCacheOfTwoModels() throws IOException {
    for (int i = 0; i < MODELS; i++) models.add(model(i));
    store = FileArtifactStore.open(root.resolve("store"));
    cache = new BlobCache(store, bounds(), () -> 1L << 40);
  }

  private static BlobCache.Bounds bounds() {
    return new BlobCache.Bounds(2 * WEIGHTS + MANIFESTS, 0);
  }

  @AfterEach
  void close() throws IOException {
    threads.close();
    store.close();
  }

  private Digest model(int seed) {
    byte[] weights = new byte[WEIGHTS];
    new Random(seed).nextBytes(weights);
    BlobRef file = new BlobRef(Digest.of(weights), WEIGHTS);
    byte[] json = new Manifest(new TreeMap<>(Map.of("model.safetensors", file))).toJson();
    elsewhere.put(file.sha256(), weights);
    elsewhere.put(Digest.of(json), json);
    return Digest.of(json);
  }

  private InputStream open(Digest digest) {
    byte[] content = elsewhere.get(digest);
    if (content.length == WEIGHTS) fetches.incrementAndGet();
    return new ByteArrayInputStream(content);
  }

  /** A job's way: fetched, laid out as links, used, gone. */
  private void job(BlobCache by, int model, String name) throws IOException {
    Path laid = root.resolve(name);
    try (BlobUse use = by.use(this::open)) {
      use.directory(models.get(model), file -> true);
      ManifestDirectory.materialise(by.store(), models.get(model), laid, each -> true);
    }
    Path file = laid.resolve("model.safetensors");
    byte[] expected = new byte[WEIGHTS];
    new Random(model).nextBytes(expected);
    assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    Files.delete(file);
    Files.delete(laid);
  }

  @Test
  void roomThatAFetchUnderWayWillTakeIsNotGivenTwice() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (BlobUse held = cache.use(this::open)) {
      held.directory(models.get(0), file -> true);
      Future<?> slow =
          threads.submit(
              () -> {
                try (BlobUse use = cache.use(digest -> gated(digest, began, go))) {
                  use.directory(models.get(1), file -> true);
                }
                return true;
              });
      began.await();
      assertThatExceptionOfType(StorageFull.class).isThrownBy(() -> job(cache, 2, "two"));
      go.countDown();
      slow.get();
    }
    job(cache, 2, "two");
    assertThat(cache.bytes()).isLessThanOrEqualTo(bounds().size());
  }

  @Test
  void oneThatHasNoRoomYetTakesNoneFromOthers() throws IOException {
    try (BlobUse held = cache.use(this::open);
        BlobUse waiting = cache.use(this::open)) {
      held.directory(models.get(0), file -> true);
      waiting.expect(models.get(1), file -> true);
      job(cache, 2, "two");
      waiting.makeRoom();
      assertThatExceptionOfType(StorageFull.class).isThrownBy(() -> job(cache, 2, "two"));
    }
    job(cache, 2, "two");
  }

  private InputStream gated(Digest digest, CountDownLatch began, CountDownLatch go)
      throws IOException {
    if (elsewhere.get(digest).length == WEIGHTS) {
      began.countDown();
      try {
        go.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    return open(digest);
  }

  @Test
  void twoThatWantTheSameFetchItOnce() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    List<Future<?>> both = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      both.add(
          threads.submit(
              () -> {
                try (BlobUse use = cache.use(digest -> gated(digest, began, go))) {
                  use.directory(models.get(0), file -> true);
                }
                return true;
              }));
    }
    began.await();
    go.countDown();
    for (Future<?> each : both) each.get();
    assertThat(fetches).hasValue(1);
  }

  @Test
  void oneThatFailsLeavesTheFetchToTheOther() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Future<?> failing =
        threads.submit(
            () -> {
              try (BlobUse use =
                  cache.use(
                      digest -> {
                        if (elsewhere.get(digest).length < WEIGHTS) return open(digest);
                        gated(digest, began, go);
                        throw new IOException("cut off");
                      })) {
                assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> use.directory(models.get(0), file -> true));
              }
              return true;
            });
    began.await();
    Future<?> other =
        threads.submit(
            () -> {
              job(cache, 0, "other");
              return true;
            });
    go.countDown();
    failing.get();
    other.get();
  }

  @Test
  void twoJobsAtOnceGetTheirModelsWhateverIsEvictedBetweenThem() throws Exception {
    List<Future<?>> both = new ArrayList<>();
    for (int thread = 0; thread < 2; thread++) {
      Random random = new Random(thread);
      String name = "job-" + thread;
      both.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 200; i++) job(cache, random.nextInt(MODELS), name);
                return true;
              }));
    }
    for (Future<?> each : both) each.get();
    assertThat(cache.bytes()).isLessThanOrEqualTo(bounds().size());
    assertThat(fetches.get()).as("some were evicted").isGreaterThan(MODELS);
    assertThat(root.resolve("store/aside")).isEmptyDirectory();
  }
}
