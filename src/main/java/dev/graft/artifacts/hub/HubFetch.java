package dev.graft.artifacts.hub;

import dev.graft.platform.ResumedDownload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Brings the files of one commit into a directory, each first under a name of its own with the end
 * {@code .part}: what has its name is whole and checked.
 */
record HubFetch(
    HubApi api, HubCache cache, HubRepository pinned, Path directory, Hub.Progress progress) {
  private static final String PART = ".part";
  private static final long SMALL = 64 << 20;

  /** Before the first large file. */
  @FunctionalInterface
  interface Look {
    void take() throws IOException;
  }

  /**
   * @param files the small ones first
   */
  void bring(List<HubFile> files, Look look) throws IOException {
    Files.createDirectories(directory);
    removeOthers(files);
    long all = files.stream().mapToLong(HubFile::size).sum();
    long missing = all - present(files);
    long free = Files.getFileStore(directory).getUsableSpace();
    if (free < missing) {
      throw new HubRefused(
          "%s needs %,d MB more of disk, and %,d are free"
              .formatted(pinned, missing / 1_000_000, free / 1_000_000));
    }
    long before = 0;
    boolean looked = false;
    for (HubFile file : files) {
      if (!looked && file.size() > SMALL) {
        look.take();
        looked = true;
      }
      bring(file, before, all);
      before += file.size();
      progress.at(before, all);
    }
  }

  /** Of another commit, as a rule: equal names may have other bytes. */
  private void removeOthers(List<HubFile> files) throws IOException {
    Set<String> names =
        files.stream()
            .flatMap(file -> Stream.of(file.name(), part(file).getFileName().toString()))
            .collect(Collectors.toSet());
    List<Path> there;
    try (Stream<Path> all = Files.list(directory)) {
      there = all.filter(Files::isRegularFile).toList();
    }
    for (Path each : there) {
      if (!names.contains(each.getFileName().toString())) Files.delete(each);
    }
  }

  private long present(List<HubFile> files) throws IOException {
    long bytes = 0;
    for (HubFile file : files) {
      Path part = part(file);
      if (Files.exists(directory.resolve(file.name()))) bytes += file.size();
      else if (Files.exists(part)) bytes += Files.size(part);
    }
    return bytes;
  }

  private void bring(HubFile file, long before, long all) throws IOException {
    Path whole = directory.resolve(file.name());
    if (isIt(file, whole)) return;
    Path part = part(file);
    Optional<Path> cached = cache.file(pinned, file.path());
    if (cached.isPresent() && isIt(file, cached.get())) {
      Files.deleteIfExists(part);
      Files.copy(cached.get(), part);
    } else {
      boolean resumed = Files.exists(part);
      download(file, part, before, all);
      boolean is = isIt(file, part);
      if (!is && resumed) {
        // Perhaps the beginning was damaged: once more from the start.
        Files.delete(part);
        download(file, part, before, all);
        is = isIt(file, part);
      }
      if (!is) throw other(file, part);
    }
    Files.move(part, whole);
  }

  /** The name has the digest: a part of other content is not gone on with. */
  private Path part(HubFile file) {
    return directory.resolve(file.name() + "." + file.digest().hex().substring(0, 12) + PART);
  }

  private void download(HubFile file, Path part, long before, long all) throws IOException {
    new ResumedDownload(
            from -> api.open(pinned, file, from),
            bytes -> {
              if (bytes > file.size()) throw longer(file);
              progress.at(before + bytes, all);
            })
        .into(part);
  }

  /** Before it fills the disk. */
  private HubRefused longer(HubFile file) {
    return new HubRefused(
        "%s of %s does not end where the hub's listing says (%,d bytes)"
            .formatted(file.path(), pinned, file.size()));
  }

  private static boolean isIt(HubFile file, Path path) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.size() && file.digest().isOf(path);
  }

  private HubRefused other(HubFile file, Path part) throws IOException {
    long size = Files.size(part);
    Files.delete(part);
    return new HubRefused(
        "%s of %s has other content than the hub's listing says (%,d bytes of %,d came); try again, or ask who runs the mirror"
            .formatted(file.path(), pinned, size, file.size()));
  }
}
