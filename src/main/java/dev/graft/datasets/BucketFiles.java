package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.ForeignBucket.ForeignObject;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Objects of a bucket, each as its ETag says. */
record BucketFiles(ForeignBucket bucket, String source, List<ForeignObject> objects)
    implements RemoteFiles {
  private static final int BUFFER = 1 << 18;

  static BucketFiles of(ForeignBucket bucket, ImportSource.OfBucket source, int most)
      throws IOException {
    NamePattern names = source.names();
    List<String> keys =
        names.isOne()
            ? List.of(names.path())
            : bucket.keys(names.beginning(), names::matches, most);
    if (keys.size() > most) throw AllowedSources.tooMany(most);
    List<ForeignObject> objects = new ArrayList<>();
    for (String key : keys.stream().sorted().toList()) {
      try {
        objects.add(bucket.look(key));
      } catch (NoSuchFileException none) {
        throw missing(key);
      }
    }
    return new BucketFiles(bucket, "s3://" + source.bucket() + "/" + names.path(), objects);
  }

  private static RequestFailed missing(String key) {
    return RequestFailed.invalid("source", "There is no object " + key + ".");
  }

  @Override
  public List<String> names() {
    return objects.stream().map(ForeignObject::key).toList();
  }

  @Override
  public long bytes() {
    return objects.stream()
        .mapToLong(ForeignObject::bytes)
        .reduce(0, (a, b) -> a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b);
  }

  @Override
  public List<Path> bring(Path directory, Progress progress) throws IOException {
    Files.createDirectories(directory);
    List<Path> files = new ArrayList<>();
    long before = 0;
    for (ForeignObject object : objects) {
      long here = before;
      files.add(bring(object, directory, bytes -> progress.at(here + bytes)));
      before += object.bytes();
    }
    return files;
  }

  /** The name has the ETag: the beginning of another version is not gone on with. */
  private Path bring(ForeignObject object, Path directory, Progress progress) throws IOException {
    byte[] version = (object.key() + "\n" + object.etag()).getBytes(StandardCharsets.UTF_8);
    Path whole = directory.resolve(Digest.of(version).hex());
    if (object.isIn(whole)) return whole;
    Path part = whole.resolveSibling(whole.getFileName() + ".part");
    boolean resumed = Files.exists(part);
    download(object, part, progress);
    if (object.isIn(part)) return Files.move(part, whole);
    Files.delete(part);
    if (resumed) return bring(object, directory, progress); // perhaps its beginning was damaged
    throw RequestFailed.invalid(
        "source", object.key() + " came with other bytes than its ETag says; try again.");
  }

  private void download(ForeignObject object, Path part, Progress progress) throws IOException {
    long here = Files.exists(part) ? Files.size(part) : 0;
    if (here >= object.bytes() && here > 0) return;
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = opened(object, here);
        OutputStream out =
            Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        out.write(buffer, 0, read);
        here += read;
        if (here > object.bytes()) break; // which is not the object that was looked at
        progress.at(here);
      }
    }
  }

  private InputStream opened(ForeignObject object, long from) throws IOException {
    try {
      return bucket.open(object, from);
    } catch (NoSuchFileException removed) {
      throw missing(object.key());
    }
  }

  @Override
  public void close() {
    bucket.close();
  }
}
