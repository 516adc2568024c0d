module.exports = (kind) => `hello from ${kind}`;
