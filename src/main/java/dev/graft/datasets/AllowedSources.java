package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.ForeignBucket.BucketAccess;
import dev.graft.artifacts.ForeignBucket.ForeignObject;
import dev.graft.artifacts.hub.Hub;
import dev.graft.artifacts.hub.HubDataSet;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.stereotype.Component;

/** The sources that an administrator allows, and the way to them. */
@Component
class AllowedSources {
  private final SourceProperties settings;
  private final Hub hub;

  AllowedSources(SourceProperties settings, Hub hub) {
    this.settings = settings;
    this.hub = hub;
  }

  /**
   * @throws RequestFailed 403, without naming the allowed sources
   */
  void require(ImportSource source) {
    boolean allowed =
        switch (source) {
          case ImportSource.OfHub(var repository, var _) ->
              settings.hf().organizations().contains(repository.organization());
          case ImportSource.OfBucket bucket -> access(bucket).isPresent();
        };
    if (!allowed) throw forbidden();
  }

  private static RequestFailed forbidden() {
    return new RequestFailed(
        ProblemType.PERMISSION_DENIED,
        "Files may not be imported from this source. An administrator of this Graft allows sources"
            + " by graft.datasets.sources.",
        "source");
  }

  static RequestFailed tooMany(int most) {
    return RequestFailed.invalid(
        "source", "The source matches more than %d files: name fewer.".formatted(most));
  }

  /**
   * Lists the files of an allowed source.
   *
   * @throws RequestFailed if there are none, or too many
   * @throws IOException if they cannot be listed
   */
  RemoteFiles open(ImportSource source) throws IOException {
    require(source);
    return switch (source) {
      case ImportSource.OfHub(var repository, var names) -> {
        HubDataSet files = hub.dataSet(hub.pin(repository), names::matches, settings.maxFiles());
        if (files.names().size() > settings.maxFiles()) throw tooMany(settings.maxFiles());
        yield new HubFiles(files);
      }
      case ImportSource.OfBucket objects -> open(objects);
    };
  }

  private RemoteFiles open(ImportSource.OfBucket objects) throws IOException {
    ForeignBucket bucket =
        ForeignBucket.open(access(objects).orElseThrow(AllowedSources::forbidden));
    try {
      return BucketFiles.of(bucket, objects, settings.maxFiles());
    } catch (IOException | RuntimeException failed) {
      bucket.close();
      throw failed;
    }
  }

  private Optional<BucketAccess> access(ImportSource.OfBucket objects) {
    return settings.s3().stream()
        .filter(each -> each.allows(objects))
        .findFirst()
        .map(
            each ->
                new BucketAccess(
                    each.bucket(),
                    each.endpoint(),
                    each.region(),
                    each.pathStyle(),
                    each.accessKey(),
                    each.secretKey()));
  }

  /**
   * What departments may import files from; without these, nothing.
   *
   * @param maxFiles that one import may join
   */
  @ConfigurationProperties("graft.datasets.sources")
  record SourceProperties(
      @DefaultValue Hf hf, @DefaultValue List<S3> s3, @DefaultValue("100") int maxFiles) {
    SourceProperties {
      s3 = List.copyOf(s3);
    }

    /**
     * @param organizations whose data sets on the hub of {@code graft.hub.endpoint} may be
     *     imported, as the hub spells them; empty: none
     */
    record Hf(@DefaultValue List<String> organizations) {}

    /**
     * @param bucket whose objects may be imported
     * @param prefix of their keys, as a folder; empty: all of the bucket
     * @param endpoint of an S3 server that is not Amazon's
     * @param region of the bucket; by default as the AWS SDK finds it ({@code AWS_REGION}), with an
     *     endpoint {@code us-east-1}
     * @param pathStyle whether the bucket is named in the path of a URL, not in its host
     * @param accessKey id of an access key that may read; by default credentials are found as the
     *     AWS SDK does
     * @param secretKey the secret of that key
     */
    record S3(
        String bucket,
        @DefaultValue("") String prefix,
        @Nullable URI endpoint,
        @Nullable String region,
        @DefaultValue("false") boolean pathStyle,
        @Nullable String accessKey,
        @Nullable String secretKey) {
      boolean allows(ImportSource.OfBucket source) {
        String plain = prefix.replaceAll("^/+|/+$", "");
        String under = plain.isEmpty() ? "" : plain + "/";
        return bucket.equals(source.bucket()) && source.names().beginning().startsWith(under);
      }

      /** Without the secret. */
      @Override
      public String toString() {
        return "S3[bucket=%s, prefix=%s]".formatted(bucket, prefix);
      }
    }
  }

  /** The files of a source as they were looked at, in the order of their names. */
  interface RemoteFiles extends AutoCloseable {
    /** Hears how much of them is here; may throw to end it. */
    @FunctionalInterface
    interface Progress {
      void at(long bytes);
    }

    /** Pinned, where that can be written. */
    String source();

    List<String> names();

    /** Of all of them. */
    long bytes();

    /**
     * Downloads the files. May be called again with the same directory after any failure.
     *
     * @return the local files, in the same order
     */
    List<Path> bring(Path directory, Progress progress) throws IOException;

    @Override
    void close();
  }

  /** Files of a commit on the hub, checked by the digests of its listing. */
  record HubFiles(HubDataSet dataSet) implements RemoteFiles {
    @Override
    public String source() {
      return dataSet.source();
    }

    @Override
    public List<String> names() {
      return dataSet.names();
    }

    @Override
    public long bytes() {
      return dataSet.bytes();
    }

    @Override
    public List<Path> bring(Path directory, Progress progress) throws IOException {
      return dataSet.bringing().into(directory, (bytes, all) -> progress.at(bytes));
    }

    @Override
    public void close() {}
  }

  /** Objects of a bucket, each as its ETag says. */
  record BucketFiles(ForeignBucket bucket, String source, List<ForeignObject> objects)
      implements RemoteFiles {
    private static final int BUFFER = 1 << 18;

    static BucketFiles of(ForeignBucket bucket, ImportSource.OfBucket source, int most)
        throws IOException {
      ImportSource.NamePattern names = source.names();
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
      return RequestFailed.invalid("source", "The object " + key + " does not exist.");
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
      if (resumed) return bring(object, directory, progress); // its beginning may have been damaged
      throw RequestFailed.invalid("source", object.key() + " does not match its ETag; try again.");
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
          if (here > object.bytes()) break; // another object than the one that was listed
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
}
