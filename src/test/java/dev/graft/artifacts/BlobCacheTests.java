package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of one file of 1,000 bytes each, and what a cache of some size keeps of them. */
class BlobCacheTests {
  private static final int WEIGHTS = 1_000;

  @TempDir Path root;
  private final Map<Digest, byte[]> elsewhere = new HashMap<>();
  private final List<Digest> fetched = new ArrayList<>();
  private final List<FileArtifactStore> stores = new ArrayList<>();
  private long manifests;
  private long free = Long.MAX_VALUE / 2;
  private BlobCache cache; // before each test

  @BeforeEach
  void aCacheOfTwoModels() throws IOException {
    model(1);
    cache = cache(2);
  }

  @AfterEach
  void close() throws IOException {
    for (FileArtifactStore store : stores) store.close();
  }

  /** A process of its own, as far as the files can tell. */
  private BlobCache cache(int models) throws IOException {
    FileArtifactStore store = FileArtifactStore.open(root.resolve("store"));
    stores.add(store);
    long size = models * (WEIGHTS + manifests);
    return new BlobCache(store, new BlobCache.Bounds(size, 100), () -> free);
  }

  private Digest model(int number) {
    byte[] weights = Integer.toString(number).repeat(WEIGHTS).getBytes(UTF_8);
    return model(Map.of("model.safetensors", weights));
  }

  private Digest model(Map<String, byte[]> files) {
    TreeMap<String, BlobRef> refs = new TreeMap<>();
    files.forEach((name, bytes) -> refs.put(name, new BlobRef(put(bytes), bytes.length)));
    byte[] json = new Manifest(refs).toJson();
    manifests = json.length;
    return put(json);
  }

  private Digest put(byte[] content) {
    Digest digest = Digest.of(content);
    elsewhere.put(digest, content);
    return digest;
  }

  private InputStream open(Digest digest) {
    fetched.add(digest);
    return new ByteArrayInputStream(elsewhere.get(digest));
  }

  private BlobUse use(BlobCache by, Digest model) throws IOException {
    BlobUse use = by.use(this::open);
    try {
      use.directory(model, name -> true);
      return use;
    } catch (IOException failed) {
      use.close();
      throw failed;
    }
  }

  private void useOnce(Digest... models) throws IOException {
    for (Digest model : models) use(cache, model).close();
  }

  private boolean has(Digest model) throws IOException {
    Manifest manifest = Manifest.parse(elsewhere.get(model));
    for (BlobRef file : manifest.files().values()) {
      if (cache.store().stat(file.sha256()).isEmpty()) return false;
    }
    return true;
  }

  private Path file(Digest model) throws IOException {
    Manifest manifest = Manifest.parse(elsewhere.get(model));
    return cache.store().path(manifest.files().get("model.safetensors").sha256());
  }

  @Test
  void theLongestUnusedGoesFirst() throws IOException {
    Digest one = model(1);
    Digest two = model(2);
    useOnce(one, two, one, model(3));
    assertThat(has(one)).isTrue();
    assertThat(has(two)).isFalse();
    assertThat(cache.bytes()).isLessThanOrEqualTo(2 * (WEIGHTS + manifests));
    int before = fetched.size();
    useOnce(one, model(3));
    assertThat(fetched).hasSize(before);
  }

  @Test
  void theOrderOfUseSurvivesARestartAndAClockThatWasSetBack() throws IOException {
    Digest one = model(1);
    Digest two = model(2);
    useOnce(two);
    Files.setLastModifiedTime(file(two), FileTime.fromMillis(4_000_000_000_000L));
    cache = cache(2);
    useOnce(one);
    cache = cache(2);
    useOnce(model(3));
    assertThat(has(one)).isTrue();
    assertThat(has(two)).isFalse();
  }

  @Test
  void asMuchRoomIsMadeAsIsNeededAndNoMore() throws IOException {
    Map<String, byte[]> shards = new TreeMap<>();
    for (int i = 0; i < 9; i++) {
      shards.put("shard-" + i, Integer.toString(i).repeat(2_000).getBytes(UTF_8));
    }
    Digest sharded = model(shards);
    cache = cache(25);
    useOnce(sharded, model(1));
    long size = cache.bytes();
    cache = new BlobCache(cache.store(), new BlobCache.Bounds(size, 0), () -> free);
    Digest third = model(Map.of("model.safetensors", new byte[3_000]));
    useOnce(third);
    assertThat(cache.bytes()).isBetween(size - 2_000, size);
    fetched.clear();
    useOnce(model(1), third);
    assertThat(fetched).isEmpty();
    cache = cache(50);
    useOnce(sharded);
    assertThat(fetched).as("shards that had to go").hasSize(2);
  }

  @Test
  void whatIsInUseStays() throws IOException {
    Digest one = model(1);
    try (BlobUse running = use(cache, one);
        BlobUse other = use(cache, model(2))) {
      assertThatExceptionOfType(StorageFull.class)
          .isThrownBy(() -> use(cache, model(3)))
          .withMessageContaining("1000 bytes cannot be fetched");
      assertThat(has(one)).isTrue();
    }
    useOnce(model(3));
    assertThat(has(one)).isFalse();
  }

  @Test
  void whatADirectoryLinksToIsInUse() throws IOException {
    Digest one = model(1);
    useOnce(one);
    Path laid = root.resolve("run");
    ManifestDirectory.materialise(cache.store(), one, laid, name -> true);
    useOnce(model(2), model(3));
    assertThat(has(one)).isTrue();
    assertThat(has(model(2))).isFalse();
    cache.beforeEviction(
        () -> {
          try {
            Files.deleteIfExists(laid.resolve("model.safetensors"));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    useOnce(model(4));
    assertThat(has(one)).isFalse();
    assertThat(has(model(3))).isTrue();
  }

  @Test
  void whatIsLargerThanTheWholeCacheIsRefusedAndEvictsNothing() throws IOException {
    useOnce(model(1), model(2));
    Digest large = model(Map.of("model.safetensors", new byte[3 * WEIGHTS]));
    fetched.clear();
    assertThatExceptionOfType(StorageFull.class).isThrownBy(() -> useOnce(large));
    assertThat(fetched).containsExactly(large);
    assertThat(has(model(1)) && has(model(2))).isTrue();
  }

  @Test
  void theDiskKeepsItsReserveWhateverTheCacheMayTake() throws IOException {
    useOnce(model(1), model(2));
    free = 99 + WEIGHTS;
    cache = cache(9);
    useOnce(model(3));
    assertThat(has(model(1))).isFalse();
    assertThat(has(model(2))).isTrue();
    free = 0;
    assertThatExceptionOfType(StorageFull.class)
        .isThrownBy(() -> useOnce(model(Map.of("x", new byte[5 * WEIGHTS]))));
    try (BlobUse there = use(cache, model(3))) {
      there.makeRoom();
    }
    assertThat(has(model(3))).as("is used, though the disk is fuller than it should be").isTrue();
  }

  @Test
  void whatHadNoSizeIsCountedOnceItIsThere() throws IOException {
    useOnce(model(1), model(2));
    try (BlobUse use = cache.use(this::open)) {
      use.blob(put("data".repeat(100).getBytes(UTF_8)));
      use.makeRoom();
    }
    assertThat(has(model(1))).isFalse();
    assertThat(has(model(2))).isTrue();
  }

  @Test
  void aDamagedCopyIsFetchedAgain() throws IOException {
    Digest one = model(1);
    useOnce(one);
    Files.delete(file(one));
    Files.writeString(file(one), "part");
    useOnce(one);
    assertThat(file(one)).hasSize(WEIGHTS);
    assertThat(fetched).hasSize(3);
  }

  @Test
  void otherContentThanAskedForIsNotKept() throws IOException {
    Digest one = model(1);
    Manifest manifest = Manifest.parse(elsewhere.get(one));
    elsewhere.replace(manifest.files().get("model.safetensors").sha256(), new byte[WEIGHTS]);
    assertThatExceptionOfType(BlobMismatch.class).isThrownBy(() -> useOnce(one));
    assertThat(has(one)).isFalse();
    useOnce(model(2), model(3));
  }

  @Test
  void oneProcessDoesNotEvictWhatAnotherUses() throws IOException {
    Digest one = model(1);
    BlobCache other = cache(2);
    try (BlobUse used = use(other, one)) {
      useOnce(model(2), model(3));
      assertThat(has(one)).isTrue();
      assertThat(has(model(2))).isFalse();
    }
    useOnce(model(4));
    assertThat(has(one)).isFalse();
  }

  @Test
  void whatAKilledProcessUsedIsFreeAfterTheNextStart() throws IOException {
    Digest one = model(1);
    useOnce(one);
    Path dead = Files.createDirectory(root.resolve("store/tmp/dead"));
    Files.createFile(root.resolve("store/tmp/dead.lock"));
    Files.createLink(dead.resolve("link"), file(one));
    useOnce(model(2), model(3));
    assertThat(has(one)).isTrue();
    cache = cache(2);
    useOnce(model(2));
    assertThat(has(one)).isFalse();
  }

  @Test
  void aStoreThatOthersLookAfterIsLeftAsItIs() throws IOException {
    useOnce(model(1), model(2));
    FileTime published = Files.getLastModifiedTime(file(model(1)));
    BlobCache servers = BlobCache.unbounded(cache.store());
    try (BlobUse use = use(servers, model(1))) {
      use.makeRoom();
    }
    assertThat(Files.getLastModifiedTime(file(model(1)))).isEqualTo(published);
    assertThat(has(model(2))).isTrue();
  }

  /** As where the newest checkpoint is damaged and an older one takes its place. */
  @Test
  void whatCouldNotBeFetchedTakesNoRoom() throws IOException {
    byte[] whole = "5".repeat(300).getBytes(UTF_8);
    byte[] broken = "6".repeat(300).getBytes(UTF_8);
    Digest damaged = model(Map.of("a", whole, "b", broken));
    elsewhere.put(Digest.of(broken), "other".getBytes(UTF_8));

    try (BlobUse use = cache.use(this::open)) {
      use.directory(model(1), name -> true);
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> use.directory(damaged, name -> true));
      use.directory(model(2), name -> true);
    }

    assertThat(fetched).contains(Digest.of(whole), Digest.of(broken));
  }
}
