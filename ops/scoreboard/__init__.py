"""The scoreboard: the same rows attached to several servers, which all ask the same model."""
