package dev.graft.kernels;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The functions that kernel text consists of, and which of them call which. */
final class KernelFunctions {
  private static final Pattern DEFINITION =
      Pattern.compile("^ *def (\\w+)(\\(.*?)(?=^ *def |\\z)", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Pattern CALL = Pattern.compile("__torch__\\.([\\w.]+)\\(");

  private KernelFunctions() {}

  /** The text of the module of an archive. */
  static String program(byte[] archive) {
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
      for (ZipEntry each = zip.getNextEntry(); each != null; each = zip.getNextEntry()) {
        if (each.getName().equals("graft/code/__torch__.py")) {
          return new String(zip.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalArgumentException("the archive has no module");
  }

  /** By name; a text begins with the arguments, so that it is the same whatever its name is. */
  static Map<String, String> in(String text) {
    Map<String, String> functions = new LinkedHashMap<>();
    Matcher each = DEFINITION.matcher(text);
    while (each.find()) functions.put(each.group(1), each.group(2));
    return functions;
  }

  /** All of the kernel files, as {@code ops.linear.forward}. */
  static Map<String, String> all() {
    Map<String, String> all = new LinkedHashMap<>();
    for (String file : Kernels.FILES) {
      if (file.equals("ops/onednn_twin")) continue; // called by the name of what it stands for
      in(Kernels.text(file))
          .forEach((name, text) -> all.put(file.replace('/', '.') + "." + name, text));
    }
    return all;
  }

  /** Those that these texts call, and what those call. */
  static Set<String> reachedFrom(Collection<String> texts) {
    Map<String, String> all = all();
    Set<String> reached = new TreeSet<>();
    Deque<String> left = new ArrayDeque<>(texts);
    while (!left.isEmpty()) {
      Matcher call = CALL.matcher(left.pop());
      while (call.find()) {
        String text = all.get(call.group(1));
        if (text != null && reached.add(call.group(1))) left.push(text);
      }
    }
    return reached;
  }
}
