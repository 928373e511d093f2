package dev.graft.worker;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.Manifest.InvalidManifest;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Sends directories of one lease to the server: every file by digest, then their manifest. */
final class DirectoryUpload {
  private final LeaseProtocol protocol;
  private final LeaseKey key;
  private final Set<Digest> sent = new HashSet<>();

  DirectoryUpload(LeaseProtocol protocol, LeaseKey key) {
    this.protocol = protocol;
    this.key = key;
  }

  /**
   * Returns the digest of the manifest; what was sent before is not sent again.
   *
   * @throws LeaseRefused if there can be no manifest of it: then nothing is sent
   */
  Digest directory(Path directory) throws IOException {
    TreeMap<String, BlobRef> files = new TreeMap<>();
    for (Path file : regularFiles(directory)) {
      files.put(directory.relativize(file).toString(), BlobRef.of(file));
    }
    byte[] json = json(files);
    for (Map.Entry<String, BlobRef> file : files.entrySet()) {
      send(file.getValue(), directory.resolve(file.getKey()));
    }
    Path manifest = Files.createTempFile(directory.getParent(), "manifest-", ".json");
    try {
      Files.write(manifest, json);
      BlobRef blob = new BlobRef(Digest.of(json), json.length);
      send(blob, manifest);
      return blob.sha256();
    } finally {
      Files.deleteIfExists(manifest);
    }
  }

  private static byte[] json(TreeMap<String, BlobRef> files) {
    try {
      return new Manifest(files).toJson();
    } catch (InvalidManifest unfit) {
      throw new LeaseRefused("manifest: " + unfit.getMessage()); // as the server would
    }
  }

  private void send(BlobRef blob, Path file) throws IOException {
    if (sent.contains(blob.sha256())) return;
    protocol.put(key, blob, file);
    sent.add(blob.sha256());
  }

  private static List<Path> regularFiles(Path directory) throws IOException {
    try (Stream<Path> tree = Files.walk(directory)) {
      List<Path> files = tree.filter(file -> !Files.isDirectory(file, NOFOLLOW_LINKS)).toList();
      for (Path file : files) {
        // a link may name what its trainer cannot read
        if (Files.isRegularFile(file, NOFOLLOW_LINKS)) continue;
        throw new LeaseRefused(directory.relativize(file) + " is not a file");
      }
      return files.stream().sorted().toList();
    }
  }
}
