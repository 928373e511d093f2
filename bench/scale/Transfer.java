import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;

/**
 * How fast a large training file goes in and out, beside a plain copy of it.
 *
 * <p>{@code java bench/scale/Transfer.java [MiB] [rounds]}: each round copies the file (read,
 * SHA-256, write, fsync), uploads it in one request, uploads it in parts of 64 MB, waits until it
 * is validated and downloads it (SHA-256, write, fsync). The server's heap is 256 MB. One line of
 * JSON for each way, by the median of the rounds; ends with 1 if one is slower than half the speed
 * of the copy.
 */
final class Transfer {
  private static final double BOUND = 0.5;
  private static final int BUFFER = 1 << 20;

  private final Path file;
  private final Path target;
  private final FilesApi api;
  private final long bytes;

  private Transfer(RunningServer server, long bytes) throws Exception {
    this.file = server.work().resolve("rows.jsonl");
    this.target = server.work().resolve("copy.jsonl");
    this.api = new FilesApi(server.url(), server.command("key", "create", "--department", "bench"));
    this.bytes = bytes;
  }

  public static void main(String[] arguments) throws Exception {
    long bytes = (arguments.length > 0 ? Long.parseLong(arguments[0]) : 1024) << 20;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    boolean good;
    try (RunningServer server = RunningServer.start("256m", "graft.files.max-size=4GB\n")) {
      good = new Transfer(server, bytes).measure(rounds);
      System.out.printf(
          "{\"what\":\"server\",\"heap_mb\":256,\"peak_process_mb\":%d}%n", server.peakMegabytes());
    }
    System.exit(good ? 0 : 1);
  }

  private boolean measure(int rounds) throws Exception {
    writeRows();
    double[] copy = new double[rounds];
    double[] upload = new double[rounds];
    double[] parts = new double[rounds];
    double[] download = new double[rounds];
    round(-1); // the first is the virtual machines' own
    for (int i = 0; i < rounds; i++) {
      double[] seconds = round(i);
      copy[i] = seconds[0];
      upload[i] = seconds[1];
      parts[i] = seconds[2];
      download[i] = seconds[3];
    }
    report("copy", copy, copy);
    return report("upload", upload, copy)
        & report("upload in parts", parts, copy)
        & report("download", download, copy);
  }

  /** Seconds of copy, upload, upload in parts and download. */
  private double[] round(int number) throws Exception {
    mark(number);
    long[] at = new long[7];
    at[0] = System.nanoTime();
    String digest = copy();
    at[1] = System.nanoTime();
    String whole = api.upload(file);
    at[2] = System.nanoTime();
    api.awaitProcessed(whole);
    at[3] = System.nanoTime();
    String joined = api.uploadInParts(file);
    at[4] = System.nanoTime();
    api.awaitProcessed(joined);
    at[5] = System.nanoTime();
    String received = api.download(whole, target);
    at[6] = System.nanoTime();
    if (!received.equals(digest)) throw new IOException("the download differs from the upload");
    api.delete(whole);
    api.delete(joined);
    return new double[] {
      (at[1] - at[0]) / 1e9, (at[2] - at[1]) / 1e9, (at[4] - at[3]) / 1e9, (at[6] - at[5]) / 1e9
    };
  }

  private boolean report(String what, double[] seconds, double[] copy) {
    double[] ratios = new double[seconds.length];
    for (int i = 0; i < ratios.length; i++) ratios[i] = copy[i] / seconds[i];
    boolean good = median(ratios) >= BOUND;
    System.out.printf(
        Locale.ROOT,
        "{\"what\":\"%s\",\"mib\":%d,\"rounds\":%d,\"seconds\":%.2f,\"mib_per_second\":%.0f,"
            + "\"ratio_to_copy\":%.2f,\"bound\":%.1f,\"good\":%b}%n",
        what,
        bytes >> 20,
        seconds.length,
        median(seconds),
        (bytes >> 20) / median(seconds),
        median(ratios),
        BOUND,
        good);
    return good;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** Chats of random words; every row has the same length. */
  private void writeRows() throws IOException {
    Random random = new Random(20_260_101);
    StringBuilder block = new StringBuilder(BUFFER + 1024);
    while (block.length() < BUFFER) {
      block
          .append("{\"messages\":[{\"role\":\"user\",\"content\":\"")
          .append(words(random, 20))
          .append("\"},{\"role\":\"assistant\",\"content\":\"")
          .append(words(random, 60))
          .append("\"}]}\n");
    }
    byte[] rows = block.toString().getBytes(StandardCharsets.UTF_8);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      while (out.size() + rows.length <= bytes) out.write(ByteBuffer.wrap(rows));
      byte[] rest = new byte[(int) (bytes - out.size())];
      Arrays.fill(rest, (byte) ' ');
      if (rest.length > 0) out.write(ByteBuffer.wrap(rest));
      out.force(true);
    }
  }

  private static String words(Random random, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) text.append("%07x ".formatted(random.nextInt(1 << 28)));
    return text.toString();
  }

  /** Another content each round, so that nothing is there already. */
  private void mark(int round) throws IOException {
    try (RandomAccessFile rows = new RandomAccessFile(file.toFile(), "rw")) {
      rows.seek("{\"messages\":[{\"role\":\"user\",\"content\":\"".length());
      rows.write("%07x".formatted(round + 1).getBytes(StandardCharsets.US_ASCII));
      rows.getFD().sync();
    }
  }

  /** What the others are measured by. */
  private String copy() throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    Files.deleteIfExists(target);
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    try (FileChannel in = FileChannel.open(file);
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (in.read(buffer.clear()) >= 0) {
        sha256.update(buffer.flip());
        buffer.rewind();
        while (buffer.hasRemaining()) out.write(buffer);
      }
      out.force(true);
    }
    return HexFormat.of().formatHex(sha256.digest());
  }
}
