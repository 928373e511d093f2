package dev.graft.artifacts;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs as objects {@code blobs/sha256/ab/cdef...} of a bucket, which several servers may share.
 * Named content is in {@code kept/}. Content is first staged in a local file, because its digest is
 * known only at its end.
 */
public final class S3ArtifactStore implements ArtifactStore, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(S3ArtifactStore.class);
  private static final String BLOBS = "blobs/sha256/";
  private static final String KEPT = "kept/";
  private static final Pattern BLOB = Pattern.compile(BLOBS + "([0-9a-f]{2})/([0-9a-f]{62})");

  /** A further attempt is needed only if another server removed the blob between two requests. */
  private static final int TRIES = 5;

  private final S3Bucket bucket;
  private final ArrivingObjects arriving;
  private final S3Properties settings;
  private final Publications publications;
  private final Scratch scratch;

  private S3ArtifactStore(
      S3Bucket bucket, S3Properties settings, Publications publications, Scratch scratch) {
    this.bucket = bucket;
    this.arriving = bucket.arriving();
    this.settings = settings;
    this.publications = publications;
    this.scratch = scratch;
  }

  /**
   * Opens the store in a bucket.
   *
   * @param root of temporary files of this machine
   * @throws dev.graft.platform.MachineLacks if the bucket cannot be used
   */
  public static S3ArtifactStore open(S3Properties settings, Path root, Publications publications)
      throws IOException {
    S3Bucket bucket = S3Bucket.open(settings);
    try {
      return new S3ArtifactStore(bucket, settings, publications, Scratch.open(root.resolve("tmp")));
    } catch (IOException | RuntimeException failed) {
      bucket.close();
      throw failed;
    }
  }

  @Override
  public ArtifactStore.StagedBlob stage(ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    Path file = scratch.newFile();
    return new StagedObject(this, file, StagedFile.fill(file, content, maxBytes));
  }

  @Override
  public void put(BlobRef expected, InputStream in) throws IOException {
    publications.note(expected.sha256());
    if (stat(expected.sha256()).equals(Optional.of(expected))) {
      FileArtifactStore.check(expected, FileArtifactStore.digest(in, expected.bytes()));
      return;
    }
    StagedFile.put(this, expected, in);
  }

  void publish(StagedObject staged) throws IOException {
    BlobRef ref = staged.ref();
    String key = key(ref.sha256());
    UploadSource source = source(staged.file(), ref);
    try {
      for (int tried = 0; tried < TRIES; tried++) {
        // Again at each attempt, because the publication must be newer than any removal.
        publications.note(ref.sha256());
        OptionalLong there = bucket.size(key);
        if (there.isPresent()) {
          // Damaged outside of Graft: these are the right bytes.
          if (there.getAsLong() != ref.bytes()) bucket.replace(key, source);
          return;
        }
        if (bucket.putIfAbsent(key, source)) return;
      }
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    }
    throw new IOException(
        key + " was removed by another server " + TRIES + " times while it was stored");
  }

  private static UploadSource source(Path file, BlobRef ref) {
    return new UploadSource(file, ref.bytes(), ref.sha256().hex());
  }

  @Override
  public Optional<BlobRef> stat(Digest digest) throws IOException {
    OptionalLong size = bucket.size(key(digest));
    return size.isPresent() ? Optional.of(new BlobRef(digest, size.getAsLong())) : Optional.empty();
  }

  @Override
  public InputStream open(Digest digest, long offset, long length) throws IOException {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("a range starts at 0 or later and is not negative");
    }
    try {
      return bucket.open(key(digest), offset, length);
    } catch (NoSuchFileException absent) {
      throw new BlobMissing("no blob " + digest);
    }
  }

  @Override
  public Optional<Path> local(Digest digest) {
    return Optional.empty();
  }

  @Override
  public Stream<StoredBlob> blobs() {
    return bucket.pages(BLOBS).flatMap(this::stored);
  }

  /** Ignores objects that are not named like a blob. */
  private Stream<StoredBlob> stored(List<S3Bucket.Listed> page) {
    List<BlobRef> blobs = new ArrayList<>();
    for (S3Bucket.Listed each : page) {
      var name = BLOB.matcher(each.key());
      if (name.matches()) {
        blobs.add(new BlobRef(new Digest(name.group(1) + name.group(2)), each.bytes()));
      }
    }
    Map<Digest, Long> latest = publications.latest(blobs.stream().map(BlobRef::sha256).toList());
    return blobs.stream().map(ref -> new StoredBlob(ref, latest.getOrDefault(ref.sha256(), 0L)));
  }

  @Override
  public boolean delete(StoredBlob seen) throws IOException {
    String key = key(seen.ref().sha256());
    return publications.remove(
        seen,
        () -> {
          if (bucket.size(key).isEmpty()) return false;
          bucket.delete(key);
          return true;
        });
  }

  @Override
  public long keep(String name, ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    String key = KEPT + FileArtifactStore.requireName(name);
    Path file = scratch.newFile();
    BlobRef ref = StagedFile.fill(file, content, maxBytes);
    try {
      bucket.replace(key, source(file, ref));
      return ref.bytes();
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Override
  public InputStream openKept(String name) throws IOException {
    try {
      return bucket.open(KEPT + FileArtifactStore.requireName(name), 0, Long.MAX_VALUE);
    } catch (NoSuchFileException absent) {
      throw new BlobMissing("nothing is kept as " + name);
    }
  }

  @Override
  public void drop(String name) throws IOException {
    bucket.delete(KEPT + FileArtifactStore.requireName(name));
  }

  @Override
  public Stream<String> kept() {
    return bucket
        .pages(KEPT)
        .flatMap(List::stream)
        .map(object -> object.key().substring(KEPT.length()))
        .filter(FileArtifactStore::isName);
  }

  @Override
  public void removeUnfinished(Instant now) throws IOException {
    Instant before = now.minus(settings.abandonedAfter());
    int removed = bucket.abortUnfinished(before) + arriving.removeLeft(before);
    if (removed > 0) log.atInfo().addKeyValue("uploads", removed).log("unfinished_uploads_removed");
  }

  @Override
  public Optional<URI> downloadLink(Digest digest, String disposition, String type) {
    return settings.redirectDownloads()
        ? Optional.of(bucket.link(key(digest), disposition, type))
        : Optional.empty();
  }

  @Override
  public Optional<URI> workerLink(Digest digest) {
    return settings.redirectWorkers()
        ? Optional.of(bucket.link(key(digest), "attachment", "application/octet-stream"))
        : Optional.empty();
  }

  @Override
  public boolean givesUploadLinks() {
    return settings.redirectWorkers();
  }

  @Override
  public Optional<UploadLink> uploadLink(BlobRef blob, String name) {
    boolean fits = blob.bytes() > 0 && blob.bytes() <= ArrivingObjects.MOST;
    if (!givesUploadLinks() || !fits) return Optional.empty();
    var put = arriving.sign(FileArtifactStore.requireName(name), content(blob));
    return Optional.of(new UploadLink(put.url(), put.headers()));
  }

  @Override
  public void takeIn(BlobRef blob, String name) throws IOException {
    publications.note(blob.sha256());
    boolean same;
    try {
      same = arriving.copy(FileArtifactStore.requireName(name), content(blob), key(blob.sha256()));
    } catch (NoSuchFileException absent) {
      throw new BlobMissing("nothing was uploaded as " + name);
    }
    arriving.remove(name);
    if (!same) throw new BlobMismatch("the uploaded content is not " + blob);
  }

  private static ObjectContent content(BlobRef blob) {
    return new ObjectContent(blob.bytes(), blob.sha256().hex());
  }

  private static String key(Digest digest) {
    return BLOBS + digest.hex().substring(0, 2) + "/" + digest.hex().substring(2);
  }

  /** Removes the temporary files of this process. */
  @Override
  public void close() throws IOException {
    try (bucket) {
      scratch.close();
    }
  }

  /** A future object as a local temporary file. */
  record StagedObject(S3ArtifactStore store, Path file, BlobRef ref)
      implements ArtifactStore.StagedBlob {
    @Override
    public InputStream open() throws IOException {
      return Files.newInputStream(file);
    }

    @Override
    public BlobRef publish() throws IOException {
      store.publish(this);
      return ref;
    }

    @Override
    public void close() throws IOException {
      Files.deleteIfExists(file);
    }
  }
}
