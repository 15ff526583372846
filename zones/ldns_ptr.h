// SPDX-License-Identifier: Apache-2.0
#pragma once
// ldns objects that free themselves. Included by the two files that own ldns: zones/rdata.cc and
// zones/master_file.cc.

// Its headers are C written before these warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wuseless-cast"
#include <ldns/ldns.h>
#pragma GCC diagnostic pop

#include <cstdlib>
#include <memory>

namespace gslbd::zones {

template <auto Free>
struct LdnsFree {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};

using LdnsRr = std::unique_ptr<ldns_rr, LdnsFree<ldns_rr_free>>;
using LdnsRdf = std::unique_ptr<ldns_rdf, LdnsFree<ldns_rdf_deep_free>>;
using LdnsBuffer = std::unique_ptr<ldns_buffer, LdnsFree<ldns_buffer_free>>;
using LdnsText = std::unique_ptr<char, LdnsFree<std::free>>;

}  // namespace gslbd::zones
