package dev.graft.artifacts.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.stereotype.Component;

/** Fetches models and data sets from the hub. */
@Component
public final class Hub {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,200}");

  private final HubProperties settings;

  Hub(HubProperties settings) {
    this.settings = settings;
  }

  /** Called as a download proceeds. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param bytes that have arrived
     * @param all bytes to fetch
     */
    void at(long bytes, long all);
  }

  /**
   * Returns the repository with its revision replaced by the current commit.
   *
   * @throws HubRefused if the repository or revision cannot be read
   * @throws IOException if the hub cannot be reached
   */
  public HubRepository pin(HubRepository repository) throws IOException {
    requireAllowed(repository);
    if (!settings.offline()) return repository.at(api().commit(repository));
    return cache().commit(repository).map(repository::at).orElseThrow(() -> lacks(repository));
  }

  /**
   * Downloads a model, or finds it in the cache. After any failure it may be called again with the
   * same directory, but not by two threads at once.
   *
   * @param pinned by {@link #pin}
   * @param directory for this model only; other files in it are deleted
   * @return the directory with the model
   * @throws HubRefused if it cannot be fetched
   * @throws IOException if the hub cannot be reached, or this machine's disk fails
   */
  public Path fetch(HubRepository pinned, Selection selection, Path directory, Progress progress)
      throws IOException {
    if (settings.offline()) return cache().snapshot(pinned).orElseThrow(() -> lacks(pinned));
    List<HubFile> files = api().files(pinned, PLAIN.asMatchPredicate(), Integer.MAX_VALUE);
    Set<String> names = selection.of(files.stream().map(HubFile::name).collect(Collectors.toSet()));
    List<HubFile> chosen =
        files.stream()
            .filter(file -> names.contains(file.name()))
            .sorted(Comparator.comparingLong(HubFile::size).thenComparing(HubFile::name))
            .toList();
    new HubFetch(api(), cache(), pinned, directory, progress)
        .bring(chosen, () -> selection.look(directory));
    return directory;
  }

  /**
   * Lists the wanted files of a data set.
   *
   * @param pinned by {@link #pin}
   * @param wanted paths in the repository
   * @param most limit for the number of files
   * @throws HubRefused if they cannot be listed, or there are more
   * @throws IOException if the hub cannot be reached
   */
  public HubDataSet dataSet(HubRepository pinned, Predicate<String> wanted, int most)
      throws IOException {
    if (!settings.offline()) return HubDataSet.listed(api(), cache(), pinned, wanted, most);
    Path snapshot = cache().snapshot(pinned).orElseThrow(() -> lacks(pinned));
    return HubDataSet.cached(snapshot, pinned, wanted);
  }

  private HubApi api() throws IOException {
    return new HubApi(settings.endpoint(), token());
  }

  private HubCache cache() {
    return new HubCache(settings.cache());
  }

  private HubRefused lacks(HubRepository repository) {
    return new HubRefused(
        "%s is not in the cache of this machine and cannot be fetched, because graft.hub.offline or HF_HUB_OFFLINE is set"
            .formatted(repository));
  }

  /**
   * Checks the organization of a model. For data sets, the importer checks its own settings.
   *
   * @throws HubRefused if models of that organization are not allowed
   */
  public void requireAllowed(HubRepository repository) {
    if (repository.kind() != HubKind.MODEL
        || settings.organizations().isEmpty()
        || settings.organizations().contains(repository.organization())) return;
    throw new HubRefused(
        "models of %s are not allowed on this server; graft.hub.organizations allows %s"
            .formatted(repository.organization(), String.join(", ", settings.organizations())));
  }

  private @Nullable String token() throws IOException {
    String named = settings.token();
    if (named != null && !named.isBlank()) return named.strip();
    Path file = settings.tokenFile();
    if (file == null || !Files.isRegularFile(file)) return null;
    String written = Files.readString(file).strip();
    return written.isEmpty() ? null : written;
  }

  /** Chooses the files of a model to fetch. */
  public interface Selection {
    /**
     * @param names of all files
     * @return the names of those to fetch
     */
    Set<String> of(Set<String> names);

    /**
     * Called when the small files are there and before the large ones are fetched. May refuse the
     * model.
     */
    void look(Path directory) throws IOException;
  }

  /**
   * The Hugging Face hub from which base models are added. The defaults are the variables of {@code
   * huggingface_hub}: {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH}, {@code
   * HF_HUB_CACHE}, {@code HF_HOME}, {@code HF_HUB_OFFLINE}.
   *
   * @param endpoint address of the hub or of a mirror
   * @param token of an account that may read gated or private models
   * @param tokenFile file with the token, used if {@code token} is empty; it may be missing
   * @param cache directory of {@code huggingface_hub}; models in it are not fetched again. It may
   *     be missing
   * @param offline makes no requests to the hub: only models in the cache can be added
   * @param organizations whose models may be added; empty = all
   */
  @ConfigurationProperties("graft.hub")
  record HubProperties(
      @DefaultValue("https://huggingface.co") URI endpoint,
      @Nullable String token,
      @Nullable Path tokenFile,
      @Nullable Path cache,
      @DefaultValue("false") boolean offline,
      @DefaultValue List<String> organizations) {
    public HubProperties {
      organizations = List.copyOf(organizations);
    }

    /** Without the token. */
    @Override
    public String toString() {
      return "HubProperties[" + endpoint + "]";
    }
  }
}
