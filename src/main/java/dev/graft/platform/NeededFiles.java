package dev.graft.platform;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What every child reads: Java, this program, and libraries that are not in it.
 *
 * @param program those that are there
 */
record NeededFiles(List<String> program) {
  NeededFiles {
    program = List.copyOf(program);
  }

  static NeededFiles ofThisProgram() {
    return new NeededFiles(
        Stream.of(
                Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)),
                Stream.of("GRAFT_LIBTORCH_CUDA_DIRECTORY", "PYTORCH_LIBRARY_PATH")
                    .map(name -> System.getenv().getOrDefault(name, "")))
            .flatMap(each -> each)
            .filter(each -> !each.isEmpty() && Files.exists(Path.of(each)))
            .toList());
  }

  /** And a directory, or what there is of the way to it. */
  List<String> and(Path directory) {
    Path nearest = directory.toAbsolutePath();
    while (!Files.exists(nearest) && nearest.getParent() != null) nearest = nearest.getParent();
    List<String> all = new ArrayList<>(program);
    all.add(nearest.toString());
    return all;
  }
}
