// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/onednn_matmul.h"

#include "inference/kernels/memory.h"
#include "inference/kernels/plain_panel.h"

#include <cassert>
#include <cstdint>
#include <format>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <unordered_map>
#include <vector>

// Of OpenMP's API only this; <omp.h> is each compiler's own, and clang-tidy has another one's.
extern "C" void omp_set_num_threads(int count) noexcept; // NOLINT(readability-identifier-naming)

namespace kernels {

namespace {

/// Debian's library starts an OpenMP team in every thread that calls it, unless that thread says
/// that it is alone.
void stayInThisThread()
{
    thread_local const bool once = [] {
        omp_set_num_threads(1);
        return true;
    }();
    static_cast<void>(once);
}

/// What one thread needs to run the product: descriptions of its operands and working memory, which
/// the library's default would share between threads.
struct Operands {
    dnnl::memory a, b, c, scratch;
    Memory scratchBytes;
    std::unordered_map<int, dnnl::memory> arguments;
};

} // namespace

struct OnednnMatmul::Primitive {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    dnnl::matmul product;
    std::vector<Operands> operands; // by worker
};

OnednnMatmul::OnednnMatmul(std::unique_ptr<Primitive> primitive)
    : m_primitive(std::move(primitive))
{
}
OnednnMatmul::~OnednnMatmul() = default;
OnednnMatmul::OnednnMatmul(OnednnMatmul&&) noexcept = default;
OnednnMatmul& OnednnMatmul::operator=(OnednnMatmul&&) noexcept = default;

Result<OnednnMatmul> OnednnMatmul::create(std::size_t columns, unsigned workers)
{
    using Type = dnnl::memory::data_type;
    using Tag = dnnl::memory::format_tag;
    assert(columns % kColumnStep == 0);
    stayInThisThread();
    const auto inner = static_cast<dnnl::memory::dim>(columns);
    constexpr dnnl::memory::dim kTile = kRows;
    constexpr dnnl::memory::dim kWidth = kPanelRows;
    try {
        auto primitive = std::make_unique<Primitive>();
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        const dnnl::matmul::primitive_desc description(
            primitive->engine, dnnl::memory::desc({kTile, inner}, Type::bf16, Tag::ab),
            dnnl::memory::desc({inner, kWidth}, Type::bf16, Tag::BA16a32b2a),
            dnnl::memory::desc({kTile, kWidth}, Type::f32, Tag::ab), attributes);
        const std::string_view implementation = description.impl_info_str();
        if (implementation.starts_with("ref"))
            return std::unexpected(Error{Errc::Unsupported, "oneDNN has no fast matmul here"});

        primitive->product = dnnl::matmul(description);
        for (unsigned worker = 0; worker < workers; ++worker) {
            Operands one;
            const auto describe = [&](const dnnl::memory::desc& desc) {
                return dnnl::memory(desc, primitive->engine, DNNL_MEMORY_NONE);
            };
            one.a = describe(description.src_desc());
            one.b = describe(description.weights_desc());
            one.c = describe(description.dst_desc());
            one.scratch = describe(description.scratchpad_desc());
            const std::size_t bytes = description.scratchpad_desc().get_size();
            if (bytes > 0) {
                one.scratchBytes = Memory::allocate(bytes);
                if (!one.scratchBytes)
                    return std::unexpected(Error{Errc::OutOfMemory, "oneDNN scratch memory"});
                one.scratch.set_data_handle(one.scratchBytes.data());
            }
            one.arguments = {{DNNL_ARG_SRC, one.a},
                             {DNNL_ARG_WEIGHTS, one.b},
                             {DNNL_ARG_DST, one.c},
                             {DNNL_ARG_SCRATCHPAD, one.scratch}};
            primitive->operands.push_back(std::move(one));
        }
        return OnednnMatmul(std::move(primitive));
    } catch (const dnnl::error& e) {
        const Errc code = e.status == dnnl_out_of_memory   ? Errc::OutOfMemory
                          : e.status == dnnl_unimplemented ? Errc::Unsupported
                                                           : Errc::Library;
        return std::unexpected(Error{code, e.what()});
    } catch (const std::bad_alloc&) {
        return std::unexpected(Error{Errc::OutOfMemory, "oneDNN primitive"});
    }
}

void OnednnMatmul::apply(unsigned worker, const void* a, const void* b, float* c)
{
    stayInThisThread();
    Operands& operands = m_primitive->operands[worker];
    // The library's interface wants writable pointers, also for what it only reads.
    operands.a.set_data_handle(const_cast<void*>(a));
    operands.b.set_data_handle(const_cast<void*>(b));
    operands.c.set_data_handle(c);
    m_primitive->product.execute(m_primitive->stream, operands.arguments);
}

Result<void> warmUpOnednn()
{
    constexpr std::size_t kColumns = OnednnMatmul::kColumnStep;
    auto product = OnednnMatmul::create(kColumns, 1);
    if (!product)
        return std::unexpected(product.error());
    const std::vector<std::uint16_t> a(OnednnMatmul::kRows * kColumns);
    const std::vector<std::uint16_t> b(kColumns * kPanelRows);
    std::vector<float> c(OnednnMatmul::kRows * kPanelRows);
    product->apply(0, a.data(), b.data(), c.data());
    return {};
}

std::string onednnVersion()
{
    const dnnl_version_t* version = dnnl_version();
    return std::format("{}.{}.{}", version->major, version->minor, version->patch);
}

} // namespace kernels
