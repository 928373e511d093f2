package dev.graft.catalog;

import dev.graft.artifacts.hub.Hub;
import dev.graft.artifacts.hub.Hub.Selection;
import dev.graft.artifacts.hub.HubRepository;
import dev.graft.platform.FileTrees;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/**
 * Registers models of the hub as base models. A model is fetched into the data directory,
 * registered as a directory, and then deleted there. A fetch resumes after the process was killed.
 */
@Service
public class HubModels {
  private final Hub hub;
  private final BaseModels models;
  private final GgufModels files;
  private final Path downloads;

  HubModels(Hub hub, BaseModels models, GgufModels files, GraftProperties settings) {
    this.hub = hub;
    this.models = models;
    this.files = files;
    this.downloads = settings.dataDir().resolve("hub-downloads");
  }

  /** Returns whether the text names a model of the hub rather than a directory. */
  public static boolean isSource(String from) {
    return HubRepository.isSource(from);
  }

  /** Receives the progress of a fetch. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param bytes fetched so far
     * @param all size of the model in bytes
     */
    void at(long bytes, long all);
  }

  /**
   * @param limitations what will not work with it, one phrase each
   */
  public record Added(BaseModel model, List<String> limitations) {}

  /**
   * Fetches a model and registers it. The same commit is fetched and registered once.
   *
   * @param source as {@link HubRepository#parse} takes it
   * @throws dev.graft.platform.RequestFailed if the hub does not provide it
   * @throws BaseModels.ModelRefused as {@link BaseModels#register}
   * @throws IOException if the hub or the disk fails, or another process is fetching the model
   */
  public Added add(String name, String source, Progress progress) throws IOException {
    BaseModels.requireName(name);
    HubRepository repository = HubRepository.parse(source);
    Path directory = downloads.resolve(repository.id().replace("/", "--"));
    Files.createDirectories(downloads);
    try (FileChannel lock =
            FileChannel.open(
                lockFile(directory), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = tryLock(lock)) {
      if (held == null) {
        throw new IOException(
            repository.id() + " is being fetched already; wait until that has ended");
      }
      return add(name, hub.pin(repository), directory, progress);
    }
  }

  private Added add(String name, HubRepository pinned, Path directory, Progress progress)
      throws IOException {
    String commit = pinned.toString();
    Optional<BaseModel> known = models.find(name).filter(each -> commit.equals(each.source()));
    if (known.isPresent()) return new Added(known.get(), List.of());
    try {
      ModelFilesOfHub selection = new ModelFilesOfHub(pinned.file());
      Path fetched = hub.fetch(pinned, selection, directory, progress::at);
      Added added = register(name, fetched, pinned);
      FileTrees.delete(directory);
      return added;
    } catch (BaseModels.ModelRefused refused) {
      FileTrees.delete(directory); // a refused model is not fetched again
      throw refused;
    }
  }

  private Added register(String name, Path fetched, HubRepository pinned) throws IOException {
    String file = pinned.file();
    if (file != null) {
      Path whole = fetched.resolve(file);
      // only an offline cache may lack the file
      if (!Files.isRegularFile(whole))
        throw new BaseModels.ModelRefused("The cache has no " + pinned + ".");
      return files.add(name, whole, pinned.toString());
    }
    BaseModel model = models.register(name, fetched, pinned.toString());
    return new Added(model, models.limitations(fetched));
  }

  private static Path lockFile(Path directory) {
    return directory.resolveSibling(directory.getFileName() + ".lock");
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException byThisProcess) {
      return null;
    }
  }

  /**
   * Selects the files of a repository to fetch.
   *
   * @param gguf name of the GGUF file; null = a Hugging Face directory
   */
  record ModelFilesOfHub(@Nullable String gguf) implements Selection {
    @Override
    public Set<String> of(Set<String> names) {
      if (gguf == null) return CheckedModel.ModelFileSelection.wanted(names);
      if (names.contains(gguf)) return Set.of(gguf);
      throw new BaseModels.ModelRefused(
          "The repository has no %s%s."
              .formatted(gguf, CheckedModel.ModelFileSelection.ggufFiles(names)));
    }

    @Override
    public void look(Path directory) {
      if (gguf == null) CheckedModel.requireKnownType(directory);
    }
  }
}
