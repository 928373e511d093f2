package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.artifacts.Digest;
import dev.graft.platform.UnixTime;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An erasure on the wire. Times are unix seconds.
 *
 * @param sha256 of the certificate's canonical form
 * @param signature of the same, in base64
 * @param publicKey SubjectPublicKeyInfo in base64
 */
record ErasureObject(
    String id,
    String object,
    String projectId,
    String status,
    long requestedAt,
    String requestedBy,
    @Nullable String reason,
    Map<String, Long> rowsDeleted,
    @Nullable Long rowsDeletedAt,
    @Nullable Long finishedAt,
    @Nullable JsonNode certificate,
    @Nullable String sha256,
    @Nullable String signature,
    @Nullable String publicKey) {

  static ErasureObject of(Erasure erasure) {
    Erasure.Signed signed = erasure.signed();
    Base64.Encoder base64 = Base64.getEncoder();
    return new ErasureObject(
        erasure.id(),
        "organization.erasure",
        erasure.departmentId(),
        erasure.status().wire(),
        erasure.requestedAt().getEpochSecond(),
        erasure.requestedBy(),
        erasure.reason(),
        erasure.rowsDeleted(),
        UnixTime.seconds(erasure.rowsDeletedAt()),
        UnixTime.seconds(erasure.finishedAt()),
        signed == null ? null : JsonMapper.shared().readTree(signed.certificate()),
        signed == null ? null : Digest.of(signed.certificate().getBytes(UTF_8)).hex(),
        signed == null ? null : base64.encodeToString(signed.signature()),
        signed == null ? null : base64.encodeToString(signed.publicKey()));
  }
}
