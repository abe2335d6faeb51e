/** What to do about a certificate that nobody knows. */
export const TRUST =
  "自建的服务器，把签发它证书的 CA 证书存成文件，.env 里写 NODE_EXTRA_CA_CERTS=文件的完整路径，再执行 npm run apply";
