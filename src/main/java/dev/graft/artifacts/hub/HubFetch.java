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
 * Downloads the files of one commit into a directory. Each arrives under a temporary name that ends
 * in {@code .part}; a file under its own name is complete and checked.
 */
record HubFetch(
    HubApi api, HubCache cache, HubRepository pinned, Path directory, Hub.Progress progress) {
  private static final String PART = ".part";
  private static final long SMALL = 64 << 20;

  /** Called before the first large file is fetched. */
  @FunctionalInterface
  interface Look {
    void take() throws IOException;
  }

  /**
   * @param files small ones first
   */
  void bring(List<HubFile> files, Look look) throws IOException {
    Files.createDirectories(directory);
    removeOthers(files);
    long all = files.stream().mapToLong(HubFile::size).sum();
    long missing = all - present(files);
    long free = Files.getFileStore(directory).getUsableSpace();
    if (free < missing) {
      throw new HubRefused(
          "%s needs %,d MB more disk space, but only %,d MB are free"
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

  /** Deletes other files, usually of another commit: equal names may have other bytes. */
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
        // The beginning may have been damaged: download it again.
        Files.delete(part);
        download(file, part, before, all);
        is = isIt(file, part);
      }
      if (!is) throw other(file, part);
    }
    Files.move(part, whole);
  }

  /** The name contains the digest, so that a part of other content is not continued. */
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

  /** Stops an endless file before it fills the disk. */
  private HubRefused longer(HubFile file) {
    return new HubRefused(
        "%s of %s is longer than its size in the hub's listing (%,d bytes)"
            .formatted(file.path(), pinned, file.size()));
  }

  private static boolean isIt(HubFile file, Path path) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.size() && file.digest().isOf(path);
  }

  private HubRefused other(HubFile file, Path part) throws IOException {
    long size = Files.size(part);
    Files.delete(part);
    return new HubRefused(
        "%s of %s does not match the digest in the hub's listing (%,d of %,d bytes arrived); try again, or ask the operator of the mirror"
            .formatted(file.path(), pinned, size, file.size()));
  }
}
