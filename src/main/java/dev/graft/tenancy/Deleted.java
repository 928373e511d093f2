package dev.graft.tenancy;

import io.swagger.v3.oas.annotations.media.Schema;

/** OpenAI's confirmation that something is gone. */
@Schema(name = "OrganizationResourceDeleted")
record Deleted(String id, String object, boolean deleted) {}
