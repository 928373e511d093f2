package dev.graft.artifacts;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.security.DigestOutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Blobs as read-only files {@code blobs/sha256/ab/cdef...} under a root directory, which several
 * processes may share. Named content is in {@code kept}.
 */
public final class FileArtifactStore implements ArtifactStore, AutoCloseable {
  private static final Pattern BLOB = Pattern.compile("[0-9a-f]{2}/[0-9a-f]{62}");

  /** Every file system distinguishes times that are this far apart. */
  private static final Duration COARSEST_TIME = Duration.ofSeconds(2);

  private static final Pattern NAME = Pattern.compile("[a-z0-9_-]{1,100}");

  private final Path blobs;
  private final Path kept;
  private final Scratch scratch;
  final BlobRemoval removal;

  private FileArtifactStore(Path blobs, Path kept, Path aside, Scratch scratch) {
    this.blobs = blobs;
    this.kept = kept;
    this.scratch = scratch;
    this.removal = new BlobRemoval(this, aside);
  }

  /** Opens the store in {@code root}, created if absent; cleans up after killed processes. */
  public static FileArtifactStore open(Path root) throws IOException {
    Path blobs = Files.createDirectories(root.resolve("blobs").resolve("sha256"));
    closeToOthers(root.resolve("blobs"));
    Path kept = Files.createDirectories(root.resolve("kept"));
    Path aside = Files.createDirectories(root.resolve("aside"));
    Scratch scratch = Scratch.open(root.resolve("tmp"));
    FileArtifactStore store = new FileArtifactStore(blobs, kept, aside, scratch);
    store.removal.giveBackAll();
    return store;
  }

  /** Hides the other blobs from child processes, which are given links to some. */
  private static void closeToOthers(Path blobs) throws IOException {
    try {
      Set<PosixFilePermission> found = Files.getPosixFilePermissions(blobs);
      if (found.removeIf(each -> each.name().startsWith("OTHERS_"))) {
        Files.setPosixFilePermissions(blobs, found);
      }
    } catch (FileSystemException | UnsupportedOperationException notOurs) {
      // its owner decides
    }
  }

  /**
   * Counts the killed processes that left temporary files in the store under a root. The next
   * {@link #open} removes these; this changes nothing.
   */
  public static int abandoned(Path root) throws IOException {
    return Scratch.abandoned(root.resolve("tmp"));
  }

  /** Deletes a blob unless another link to it exists; returns whether it was deleted. */
  public boolean removeUnlinked(Digest digest) throws IOException {
    return removal.removeUnlinked(digest);
  }

  public boolean isUnlinked(Digest digest) throws IOException {
    return removal.isUnlinked(digest);
  }

  @Override
  public ArtifactStore.StagedBlob stage(ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    return StagedFile.write(this, scratch.newFile(), content, maxBytes);
  }

  @Override
  public void put(BlobRef expected, InputStream in) throws IOException {
    if (renew(expected)) {
      check(expected, digest(in, expected.bytes()));
      return;
    }
    StagedFile.put(this, expected, in);
  }

  @Override
  public Optional<BlobRef> stat(Digest digest) throws IOException {
    Path file = path(digest);
    try {
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          ? Optional.of(new BlobRef(digest, Files.size(file)))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public InputStream open(Digest digest, long offset, long length) throws IOException {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("a range starts at 0 or later and is not negative");
    }
    try {
      FileChannel channel = FileChannel.open(path(digest), StandardOpenOption.READ);
      channel.position(offset);
      return new LimitedInputStream(Channels.newInputStream(channel), length);
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new BlobMissing("no blob " + digest);
    }
  }

  @Override
  public Optional<Path> local(Digest digest) throws IOException {
    return stat(digest).map(blob -> path(digest));
  }

  @Override
  public Stream<StoredBlob> blobs() throws IOException {
    return Files.walk(blobs, 2).flatMap(this::stored);
  }

  /** Ignores files that are not named like a blob. */
  private Stream<StoredBlob> stored(Path file) {
    String name = blobs.relativize(file).toString();
    if (!BLOB.matcher(name).matches()) return Stream.empty();
    try {
      return Stream.of(StoredBlob.of(new Digest(name.replace("/", "")), file));
    } catch (NoSuchFileException gone) {
      return Stream.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean delete(StoredBlob seen) throws IOException {
    return removal.remove(seen);
  }

  /**
   * Marks an existing blob as published now; returns false if it is missing, has another size, or
   * belongs to another user.
   */
  boolean renew(BlobRef blob) throws IOException {
    Path file = path(blob.sha256());
    try {
      if (Files.size(file) != blob.bytes()) return false;
      FileTime before = Files.getLastModifiedTime(file);
      Files.setLastModifiedTime(file, FileTime.from(before.toInstant().plus(COARSEST_TIME)));
      // A removal that did not see the new time has moved the file away by now.
      return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    } catch (FileSystemException absentOrNotOurs) {
      return false;
    }
  }

  /**
   * Creates a second link to a blob, which lasts until it is deleted or this process ends; null if
   * there is no such blob.
   *
   * @param used the time of use, as {@link StoredBlob#published}
   */
  public @Nullable Path link(Digest digest, long used) throws IOException {
    Path link = scratch.newFile();
    try {
      Files.createLink(link, path(digest));
    } catch (NoSuchFileException absent) {
      return null;
    }
    Files.setLastModifiedTime(link, FileTime.from(used, TimeUnit.NANOSECONDS));
    return link;
  }

  /** Returns the free bytes of its file system. */
  public long free() throws IOException {
    return Files.getFileStore(blobs).getUsableSpace();
  }

  @Override
  public long keep(String name, ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    Path target = kept(name);
    Path file = scratch.newFile();
    try (FileChannel channel = StagedFile.create(file)) {
      StagedFile.BlobOutputStream out = new StagedFile.BlobOutputStream(channel, maxBytes, null);
      content.writeTo(out);
      long bytes = out.end();
      StagedFile.makeDurable(file);
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
      flush(kept);
      return bytes;
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Override
  public InputStream openKept(String name) throws IOException {
    try {
      return Files.newInputStream(kept(name));
    } catch (NoSuchFileException e) {
      throw new BlobMissing("nothing is kept as " + name);
    }
  }

  @Override
  public void drop(String name) throws IOException {
    Files.deleteIfExists(kept(name));
  }

  @Override
  public Stream<String> kept() throws IOException {
    return Files.list(kept)
        .map(file -> file.getFileName().toString())
        .filter(FileArtifactStore::isName);
  }

  private Path kept(String name) {
    return kept.resolve(requireName(name));
  }

  static String requireName(String name) {
    if (isName(name)) return name;
    throw new IllegalArgumentException("not a name to keep something under");
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /** Removes the temporary files of this process. */
  @Override
  public void close() throws IOException {
    scratch.close();
  }

  public Path path(Digest digest) {
    return shard(digest).resolve(digest.hex().substring(2));
  }

  private Path shard(Digest digest) {
    return blobs.resolve(digest.hex().substring(0, 2));
  }

  /** Returns the directory for a blob, which it creates durably. */
  Path directory(Digest digest) throws IOException {
    Path directory = shard(digest);
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      flush(blobs);
    }
    return directory;
  }

  static void flush(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static void check(BlobRef expected, BlobRef actual) throws BlobMismatch {
    if (!expected.equals(actual)) {
      throw new BlobMismatch("the content is %s, not %s".formatted(actual, expected));
    }
  }

  static BlobRef digest(InputStream in, long maxBytes) throws IOException {
    var limited = new LimitedInputStream(in, maxBytes == Long.MAX_VALUE ? maxBytes : maxBytes + 1);
    var sha256 = new DigestOutputStream(OutputStream.nullOutputStream(), Digest.sha256());
    long bytes = limited.transferTo(sha256);
    return new BlobRef(Digest.finish(sha256.getMessageDigest()), bytes);
  }

  /**
   * Removes blobs that other processes may publish again meanwhile, without a lock: a blob is first
   * moved aside, out of reach of publications, and then checked. If it was published before the
   * move, it is given back; a publication after the move creates a new file. Files that a killed
   * process left aside are given back.
   *
   * @param aside a directory of the same file system
   */
  record BlobRemoval(FileArtifactStore store, Path aside) {
    private static final Pattern NAME = Pattern.compile("([0-9a-f]{64})\\..*");

    /** Returns false if the blob is gone, or has been published since it was seen. */
    boolean remove(StoredBlob seen) throws IOException {
      if (!isStill(seen, store.path(seen.ref().sha256()))) return false;
      Path file = putAside(seen.ref().sha256());
      return file != null && settle(seen, file);
    }

    /**
     * Removes a blob that has no other link. The links are counted after the move aside: a link
     * that was made before keeps the blob, and later readers find it gone.
     */
    boolean removeUnlinked(Digest digest) throws IOException {
      Path file = putAside(digest);
      if (file == null) return false;
      if (links(file) == 1) return Files.deleteIfExists(file);
      giveBack(digest, file);
      return false;
    }

    boolean isUnlinked(Digest digest) throws IOException {
      return links(store.path(digest)) == 1;
    }

    /** Returns 0 if the file is gone. */
    private static int links(Path file) throws IOException {
      try {
        return (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
      } catch (NoSuchFileException gone) {
        return 0;
      }
    }

    /**
     * Moves a blob aside under a unique name, as another process may do too; null if it is gone.
     */
    @Nullable Path putAside(Digest digest) throws IOException {
      Path file = aside.resolve(digest + "." + UUID.randomUUID());
      try {
        return Files.move(store.path(digest), file, StandardCopyOption.ATOMIC_MOVE);
      } catch (NoSuchFileException gone) {
        return null;
      }
    }

    boolean settle(StoredBlob seen, Path file) throws IOException {
      if (isStill(seen, file)) return Files.deleteIfExists(file);
      giveBack(seen.ref().sha256(), file);
      return false;
    }

    /** Gives back all files. A removal under way in another process then finds its file gone. */
    void giveBackAll() throws IOException {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(aside)) {
        for (Path file : files) {
          Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
          if (name.matches()) giveBack(new Digest(name.group(1)), file);
        }
      }
    }

    private void giveBack(Digest digest, Path file) throws IOException {
      try {
        Path directory = store.directory(digest);
        Files.createLink(store.path(digest), file);
        FileArtifactStore.flush(directory);
      } catch (FileAlreadyExistsException publishedAnew) {
        // The new file has the same content.
      } catch (NoSuchFileException givenBack) {
        return;
      }
      Files.deleteIfExists(file);
    }

    private static boolean isStill(StoredBlob seen, Path file) throws IOException {
      try {
        return StoredBlob.of(seen.ref().sha256(), file).equals(seen);
      } catch (NoSuchFileException gone) {
        return false;
      }
    }
  }

  /** The first {@code remaining} bytes of another stream. */
  static final class LimitedInputStream extends FilterInputStream {
    private long remaining;

    LimitedInputStream(InputStream in, long remaining) {
      super(in);
      this.remaining = remaining;
    }

    @Override
    public int read() throws IOException {
      int b = remaining > 0 ? super.read() : -1;
      remaining -= b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      int n = remaining > 0 ? super.read(target, offset, (int) Math.min(length, remaining)) : -1;
      remaining -= Math.max(0, n);
      return n;
    }

    @Override
    public long skip(long n) throws IOException {
      long skipped = super.skip(Math.min(n, remaining));
      remaining -= skipped;
      return skipped;
    }

    @Override
    public int available() throws IOException {
      return (int) Math.min(super.available(), remaining);
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
