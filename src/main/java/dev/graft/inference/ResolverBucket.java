package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.S3Bucket;
import dev.graft.artifacts.S3Properties;
import dev.graft.artifacts.Scratch;
import dev.graft.artifacts.UploadSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Adapters in a bucket, {@code <name>/adapter_config.json} beside its weights, as resolvers of
 * engines fetch them. Names mean the same adapter for ever: several objects cannot be replaced as
 * one. The configuration comes last, so that what has one is whole.
 */
final class ResolverBucket implements AdapterPlace {
  private static final String SLASH = "/";

  private final S3Properties settings;
  private final Path scratch;
  private final ArtifactStore store;
  private @Nullable S3Bucket bucket;

  ResolverBucket(S3Properties settings, Path scratch, ArtifactStore store) {
    this.settings = settings;
    this.scratch = scratch;
    this.store = store;
  }

  private S3Bucket bucket() {
    S3Bucket open = bucket;
    if (open == null) bucket = open = S3Bucket.open(settings);
    return open;
  }

  @Override
  public String put(Served adapter, VllmForm.Source source)
      throws IOException, VllmForm.NotLoadable {
    String config = adapter.name() + SLASH + VllmForm.CONFIG;
    if (bucket().size(config).isEmpty()) {
      VllmForm.Files files = source.files();
      try (Scratch made = Scratch.open(scratch)) {
        upload(adapter, files, made.directory());
      }
    }
    return "s3://" + settings.bucket() + SLASH + adapter.name();
  }

  private void upload(Served adapter, VllmForm.Files files, Path made) throws IOException {
    Path weights = made.resolve(VllmForm.WEIGHTS);
    BlobRef blob = files.weights();
    ManifestDirectory.place(store, blob.sha256(), weights);
    put(adapter, weights, blob.bytes(), blob.sha256());
    Path config = Files.write(made.resolve(VllmForm.CONFIG), files.config());
    put(adapter, config, files.config().length, Digest.of(files.config()));
  }

  private void put(Served adapter, Path file, long bytes, Digest digest) throws IOException {
    String key = adapter.name() + SLASH + file.getFileName();
    bucket().replace(key, new UploadSource(file, bytes, digest.hex()));
  }

  /** An engine that looks in a bucket is told nothing. */
  @Override
  public boolean isOurs(String path) {
    return false;
  }

  /** Without its configuration an adapter is none. */
  @Override
  public void keepOnly(Collection<Served> adapters, Predicate<String> exists) throws IOException {
    Set<String> names = new HashSet<>();
    for (Served each : adapters) names.add(each.name());
    List<String> keys =
        bucket().pages("").flatMap(List::stream).map(S3Bucket.Listed::key).sorted().toList();
    for (String key : keys) {
      int slash = key.lastIndexOf('/');
      if (slash < 0 || names.contains(key.substring(0, slash))) continue;
      String file = key.substring(slash + 1);
      if (file.equals(VllmForm.CONFIG) || file.equals(VllmForm.WEIGHTS)) bucket().delete(key);
    }
  }

  @Override
  public void close() {
    if (bucket != null) bucket.close();
  }
}
