package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.CompatibilityReport;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.S3Bucket;
import dev.graft.artifacts.S3Properties;
import dev.graft.artifacts.Scratch;
import dev.graft.artifacts.UploadSource;
import dev.graft.platform.FileTrees;
import dev.graft.weights.LoaderRules.Compatibility;
import dev.graft.weights.LoaderRules.Compatibility.Verdict;
import dev.graft.weights.LoaderRules.Loader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The directory or bucket in which an engine finds adapters. */
sealed interface AdapterPlace extends AutoCloseable
    permits AdapterPlace.ResolverDirectory, AdapterPlace.ResolverBucket {
  /**
   * Publishes an adapter under its name, atomically. An adapter in place is kept.
   *
   * @return its path as the engine sees it
   */
  String put(Served adapter, VllmForm.Source source) throws IOException, VllmForm.NotLoadable;

  /** Returns whether Graft has written the adapter at this path. */
  boolean isOurs(String path);

  /**
   * Removes other names, and the files of deleted adapters. The files of other adapters stay,
   * because an engine reads them again after it has evicted an adapter.
   *
   * @param exists whether an adapter with this id exists
   */
  void keepOnly(Collection<Served> adapters, Predicate<String> exists) throws IOException;

  @Override
  default void close() {}

  /**
   * Adapters in a bucket, {@code <name>/adapter_config.json} beside its weights, as resolvers of
   * engines fetch them. A name always means the same adapter, since several objects cannot be
   * replaced at once. The configuration is written last, so that an adapter with one is complete.
   */
  static final class ResolverBucket implements AdapterPlace {
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

    /** Graft loads nothing into an engine that reads from a bucket. */
    @Override
    public boolean isOurs(String path) {
      return false;
    }

    /** Deletes configurations first, without which engines ignore an adapter. */
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

  /**
   * The directory of vLLM's {@code lora_filesystem_resolver}, in which {@code <name>} is an
   * adapter. Each name is a symbolic link to files that never change, so that it moves to another
   * adapter atomically. vLLM resolves the link before it reads.
   */
  static final class ResolverDirectory implements AdapterPlace {
    private static final String FILES = ".graft";
    private static final String MAKING = ".making-";

    private final Path root;
    private final Path seenAs;
    private final ArtifactStore store;

    /**
     * @param seenAs the directory as the engine sees it
     */
    ResolverDirectory(Path root, Path seenAs, ArtifactStore store) {
      this.root = root.toAbsolutePath().normalize();
      this.seenAs = seenAs.toAbsolutePath().normalize();
      this.store = store;
    }

    @Override
    public String put(Served adapter, VllmForm.Source source)
        throws IOException, VllmForm.NotLoadable {
      Path files = root.resolve(FILES).resolve(adapter.key());
      if (!Files.isDirectory(files)) make(files, source.files());
      link(root.resolve(adapter.name()), files);
      return seenAs.resolve(FILES).resolve(adapter.key()).toString();
    }

    private void make(Path files, VllmForm.Files content) throws IOException {
      Path parent = files.resolveSibling(MAKING + files.getFileName());
      FileTrees.delete(parent);
      Files.createDirectories(parent);
      // a copy, since only the server's user can read the files of the store
      try (InputStream in = store.open(content.weights().sha256())) {
        Files.copy(in, parent.resolve(VllmForm.WEIGHTS));
      }
      Files.write(parent.resolve(VllmForm.CONFIG), content.config());
      Files.move(parent, files, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void link(Path name, Path files) throws IOException {
      Path parent = Objects.requireNonNull(name.getParent());
      Files.createDirectories(parent);
      Path target = parent.relativize(files);
      if (Files.isSymbolicLink(name) && Files.readSymbolicLink(name).equals(target)) return;
      Path made = parent.resolve(MAKING + name.getFileName());
      Files.deleteIfExists(made);
      Files.createSymbolicLink(made, target);
      Files.move(made, name, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public boolean isOurs(String path) {
      return path.startsWith(seenAs.resolve(FILES) + File.separator);
    }

    @Override
    public void keepOnly(Collection<Served> adapters, Predicate<String> exists) throws IOException {
      Set<Path> names = new HashSet<>();
      Set<String> keys = new HashSet<>();
      for (Served each : adapters) {
        names.add(root.resolve(each.name()));
        keys.add(each.key());
      }
      for (Path link : links()) {
        if (!names.contains(link)) Files.deleteIfExists(link);
      }
      for (Path files : entries(root.resolve(FILES))) {
        String key = String.valueOf(files.getFileName());
        if (keys.contains(key)) continue;
        if (key.startsWith(MAKING) || !exists.test(Served.adapterId(key))) FileTrees.delete(files);
      }
    }

    /** Returns the links that lead to files of Graft. */
    private List<Path> links() throws IOException {
      Files.createDirectories(root);
      try (Stream<Path> all = Files.walk(root, 2)) {
        return all.filter(Files::isSymbolicLink).filter(this::isLinkOfGraft).toList();
      }
    }

    private boolean isLinkOfGraft(Path link) {
      try {
        Path parent = Objects.requireNonNull(link.getParent());
        Path target = parent.resolve(Files.readSymbolicLink(link)).normalize();
        return target.startsWith(root.resolve(FILES));
      } catch (IOException gone) {
        return false;
      }
    }

    private static List<Path> entries(Path directory) throws IOException {
      if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) return List.of();
      try (Stream<Path> entries = Files.list(directory)) {
        return entries.toList();
      } catch (NoSuchFileException gone) {
        return List.of();
      }
    }
  }

  /**
   * An adapter that an engine should have.
   *
   * @param name at the engine: {@code department/alias}, or the adapter's own
   * @param base the engine's name of the base model
   */
  record Served(String name, Adapter adapter, String base) {
    private static final int SHOWN = 12;

    /** Returns a key of its files, which begins with the adapter's id. */
    String key() {
      byte[] content = (adapter.manifest() + "\n" + base).getBytes(StandardCharsets.UTF_8);
      return adapter.id() + "-" + Digest.of(content).hex().substring(0, SHOWN);
    }

    static String adapterId(String key) {
      return key.substring(0, Math.max(0, key.lastIndexOf('-')));
    }
  }

  /** Creates the two files from which vLLM loads an adapter. */
  @Component
  static class VllmForm {
    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";
    private static final String PLAIN = "plain_lora/";
    private static final int MAX_CONFIG = 1 << 20;

    private final ArtifactStore store;
    private final CompatibilityReport report;
    private final JsonMapper json;

    VllmForm(ArtifactStore store, CompatibilityReport report, JsonMapper json) {
      this.store = store;
      this.report = report;
      this.json = json;
    }

    /**
     * @param config with the engine's name of the base in {@code base_model_name_or_path}, which
     *     vLLM's resolver requires
     */
    record Files(byte[] config, BlobRef weights) {}

    /** Creates the files when they are needed. */
    @FunctionalInterface
    interface Source {
      Files files() throws IOException, NotLoadable;
    }

    /** vLLM does not load the adapter in any existing form. */
    static final class NotLoadable extends Exception {
      private static final long serialVersionUID = 1;

      NotLoadable(String why) {
        super(why);
      }
    }

    Files of(Adapter adapter, String base) throws IOException, NotLoadable {
      Manifest result = ManifestDirectory.read(store, adapter.manifest());
      String form = form(adapter, result);
      SortedMap<String, BlobRef> files = result.files();
      BlobRef config = files.get(form + CONFIG);
      BlobRef weights = files.get(form + WEIGHTS);
      if (config == null || weights == null || config.bytes() > MAX_CONFIG) {
        throw new NotLoadable(
            "It is a whole model, not an adapter: export it and serve it on its own.");
      }
      try (InputStream in = store.open(config.sha256())) {
        ObjectNode fields = (ObjectNode) json.readTree(in.readAllBytes());
        return new Files(
            json.writeValueAsBytes(fields.put("base_model_name_or_path", base)), weights);
      } catch (JacksonException | ClassCastException unreadable) {
        throw new NotLoadable("Its adapter_config.json is not a JSON object.");
      }
    }

    private String form(Adapter adapter, Manifest result) throws IOException, NotLoadable {
      List<Compatibility> found =
          report.of(adapter, result).stream().filter(it -> it.loader() == Loader.VLLM).toList();
      if (found.isEmpty()) throw new NotLoadable("It is unknown whether vLLM loads it.");
      Compatibility vllm = found.getFirst();
      if (vllm.verdict() == Verdict.LOADS) return "";
      if (result.files().containsKey(PLAIN + CONFIG)) return PLAIN;
      throw new NotLoadable("vLLM does not load it: " + String.join(" ", vllm.reasons()));
    }
  }
}
