package dev.graft.nemesis;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * The program without the fence of its leases: statements of the queue that ask for epoch and token
 * of a lease ask only for the job. A run that does not find it out proves nothing.
 */
final class Unfenced {
  private static final String FENCE = " and epoch = :epoch and token = :token";
  private static final String QUEUE = "dev/graft/jobs/";

  private Unfenced() {}

  /** Writes the jar again without the fence; returns how many statements had it. */
  static int copy(Path from, Path to) throws IOException {
    Counter found = new Counter();
    try (ZipFile jar = new ZipFile(from.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
      for (Enumeration<? extends ZipEntry> all = jar.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        byte[] content;
        try (InputStream in = jar.getInputStream(entry)) {
          content = in.readAllBytes();
        }
        if (entry.getName().contains(QUEUE) && entry.getName().endsWith(".class")) {
          write(out, entry, without(content, found));
        } else {
          write(out, entry, content);
        }
      }
    }
    return found.statements;
  }

  private static final class Counter {
    private int statements;
  }

  private static byte[] without(byte[] bytes, Counter found) {
    ClassFile files = ClassFile.of();
    return files.transformClass(
        files.parse(bytes),
        ClassTransform.transformingMethodBodies(
            CodeTransform.ofStateful(
                () ->
                    (code, element) -> {
                      if (element instanceof ConstantInstruction constant
                          && constant.constantValue() instanceof String text
                          && text.contains(FENCE)) {
                        found.statements++;
                        code.loadConstant(text.replace(FENCE, ""));
                      } else {
                        code.with(element);
                      }
                    })));
  }

  /** Jars in a jar are read where they lie, so they stay stored. */
  private static void write(ZipOutputStream out, ZipEntry was, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(was.getName());
    if (was.getMethod() == ZipEntry.STORED) {
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(content.length);
      entry.setCrc(crc.getValue());
    }
    out.putNextEntry(entry);
    out.write(content);
    out.closeEntry();
  }
}
